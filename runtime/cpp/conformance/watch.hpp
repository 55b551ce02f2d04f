// Serving one row from several threads while its folder is replaced: what was answered by whom.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "answers.hpp"
#include "skc/skc.hpp"

namespace conformance {

class Watch {
 public:
  Watch(const std::string& artifact, const skc::Record& row, int threads, double interval);
  ~Watch();

  Json told();
  void end();

 private:
  void serve(const skc::Record& row);

  skc::Reloadable reloadable_;
  std::atomic<bool> is_ended_ = false;
  std::mutex mutex_;  // of what follows
  std::size_t calls_ = 0;
  std::map<std::string, std::set<std::string>> answers_;  // identity -> outputs, each in one line
  std::vector<std::string> errors_;
  std::vector<std::thread> threads_;
};

}  // namespace conformance
