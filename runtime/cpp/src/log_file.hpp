// One file of a request log: PID-NUMBER.jsonl.open while it is written, without .open when it is complete.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace skc::detail {

// Lines are whole whatever happens: a write that fails half-way is cut back to the last whole line. Every function but
// the last two throws std::system_error.
class LogFile {
 public:
  LogFile(const std::string& folder, std::string_view header, bool fsync);
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;
  ~LogFile() { abandon(); }

  const std::string& path() const noexcept { return path_; }
  std::uint64_t size() const noexcept { return size_; }
  // Half a line could not be cut off, so that nothing may follow it.
  bool is_torn() const noexcept { return is_torn_; }

  // Appends whole lines: all of them, or none.
  void write(std::string_view lines);
  // Writes the last line, and gives the file its name.
  void complete(std::string_view trailer);
  // Whether it was not deleted: what is written to a deleted file is lost.
  bool is_there() const noexcept;
  // Closes it as it is, incomplete.
  void abandon() noexcept;

 private:
  std::string path_;
  bool fsync_;
  int file_ = -1;
  std::uint64_t size_ = 0;
  bool is_torn_ = false;
};

}  // namespace skc::detail
