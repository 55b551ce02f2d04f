#include "log_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace skc::detail {

namespace {

constexpr std::string_view open_suffix = ".open";
constexpr mode_t owner_only = 0600;

[[noreturn]] void refuse(int error, const std::string& path) {
  throw std::system_error(error, std::generic_category(), path);
}

}  // namespace

LogFile::LogFile(const std::string& folder, std::string_view header, bool fsync) : fsync_(fsync) {
  for (int number = 0; file_ < 0; ++number) {
    const std::string complete = folder + "/" + std::to_string(::getpid()) + "-" + std::to_string(number) + ".jsonl";
    path_ = complete + std::string(open_suffix);
    file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, owner_only);
    if (file_ < 0 && errno != EEXIST) refuse(errno, path_);
    // Two containers that share a folder may both be process 1: so the complete file is looked for afterwards.
    struct stat status {};
    if (file_ >= 0 && ::lstat(complete.c_str(), &status) == 0) {
      abandon();
      ::unlink(path_.c_str());
    }
  }
  try {
    write(header);
  } catch (...) {
    abandon();
    ::unlink(path_.c_str());
    throw;
  }
}

void LogFile::write(std::string_view lines) {
  std::size_t written = 0;
  int error = 0;
  while (written < lines.size() && error == 0) {
    const ssize_t count = ::write(file_, lines.data() + written, lines.size() - written);
    if (count >= 0) {
      written += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      error = errno;
    }
  }
  if (error == 0 && fsync_ && ::fsync(file_) != 0) error = errno;
  if (error != 0) {
    is_torn_ = ::ftruncate(file_, static_cast<off_t>(size_)) != 0;
    refuse(error, path_);
  }
  size_ += lines.size();
}

void LogFile::complete(std::string_view trailer) {
  write(trailer);
  abandon();
  const std::string name = path_.substr(0, path_.size() - open_suffix.size());
  if (std::rename(path_.c_str(), name.c_str()) != 0) refuse(errno, path_);
}

bool LogFile::is_there() const noexcept {
  struct stat status {};
  return ::fstat(file_, &status) == 0 && status.st_nlink > 0;
}

void LogFile::abandon() noexcept {
  if (file_ >= 0) ::close(file_);
  file_ = -1;
}

}  // namespace skc::detail
