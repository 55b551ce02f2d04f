// Writes the lines of a request log. Their form is defined in runtime/python/skc_runtime/log_lines.py; the bytes that
// every language must give are in schemas/request_log.v1.json.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "feeds.hpp"
#include "manifest.hpp"
#include "marshal.hpp"
#include "names.hpp"
#include "onnxruntime.hpp"
#include "skc/log.hpp"

namespace skc {

class Log::Lines {
 public:
  Lines(const detail::OnnxRuntime& runtime, const detail::Manifest& manifest, const LogOptions& options);

  // A record without its number, from `,"id":` on. Throws `invalid-option`.
  void append(std::string& to, const LogEntry& entry, std::int64_t time_us) const;

  // The first line of a file.
  std::string header(const std::string& writer, unsigned part, std::uint64_t after, std::uint64_t logged) const;

  const std::string& identity() const noexcept { return manifest_.identity; }

  // Whether a request belongs to the sample. Throws `invalid-option` if there is no key to sample by.
  bool is_sampled(const LogEntry& entry) const;

 private:
  void append_request(std::string& to, const Record& record) const;
  void append_cell(std::string& to, std::size_t input, const Value& value, detail::Feeds& feeds) const;
  void append_features(std::string& to, const LogEntry& entry) const;
  void append_own(std::string& to, const std::map<std::string, OwnValues>& own) const;
  template <typename T>
  void append_by_input(std::string& to, const char* key, const std::map<std::string, T>& given) const;
  std::unique_ptr<detail::Feeds> take() const;

  const detail::OnnxRuntime& runtime_;
  const detail::Manifest manifest_;
  const LogOptions options_;
  const std::vector<OutputInfo> results_;
  const detail::Names names_;
  std::vector<bool> is_omitted_, is_hashed_;

  mutable std::mutex mutex_;  // of what follows
  mutable std::vector<std::unique_ptr<detail::Feeds>> idle_;
};

}  // namespace skc
