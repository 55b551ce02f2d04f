#include "files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "errors.hpp"

extern "C" {
#include <sha256.h>
}

namespace skc::detail {

namespace {

constexpr std::size_t megabyte = std::size_t{1} << 20;

// plan.json, and what a later compiler may add, is hashed but not parsed, so it may be as large as the model.
std::size_t limit_of(const std::string& name) {
  if (name == "manifest.sig") return megabyte;
  return (name == "manifest.json" || name == "golden.jsonl" ? 64 : 2047) * megabyte;
}

class File {
 public:
  explicit File(int descriptor) noexcept : descriptor_(descriptor) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { ::close(descriptor_); }
  int descriptor() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

[[noreturn]] void refuse_unsafe(const std::string& name) {
  throw_artifact("artifact-unsafe", "`" + name + "` is a link or no regular file",
                 "copy the artifact with its links resolved (cp -RL)");
}

[[noreturn]] void refuse_missing(const std::string& name, int reason) {
  if (reason == ELOOP) refuse_unsafe(name);  // it became a link just now
  if (reason == ENOENT) {
    throw_artifact("artifact-file-missing", "`" + name + "` is not there",
                   "copy the artifact again from where it was compiled, or compile it again");
  }
  throw_artifact("artifact-file-missing", "`" + name + "` cannot be read: " + std::generic_category().message(reason));
}

[[noreturn]] void refuse_large(const std::string& name, std::size_t limit) {
  throw_artifact("artifact-too-large", "`" + name + "` has more than " + std::to_string(limit) + " bytes");
}

// At most `limit` + 1 bytes: the file may grow while it is read.
std::string read_all(const File& file, const std::string& name, std::size_t size, std::size_t limit) {
  std::string data(size + 1, '\0');
  std::size_t filled = 0;
  while (filled <= limit) {
    if (filled == data.size()) data.resize(std::min(data.size() * 2, limit + 1));
    const ssize_t count = ::read(file.descriptor(), data.data() + filled, data.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) refuse_missing(name, errno);
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  data.resize(filled);
  return data;
}

}  // namespace

bool is_directory(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

std::string read_file(const std::string& directory, const std::string& name) {
  const std::string path = directory + "/" + name;
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) refuse_missing(name, errno);
  if (!S_ISREG(status.st_mode)) refuse_unsafe(name);  // opening a pipe would wait, and a link leads elsewhere
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) refuse_missing(name, errno);
  const File file(descriptor);
  if (::fstat(descriptor, &status) != 0) refuse_missing(name, errno);
  if (!S_ISREG(status.st_mode)) refuse_unsafe(name);
  const std::size_t limit = limit_of(name);
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > limit) refuse_large(name, limit);
  std::string data = read_all(file, name, size, limit);
  if (data.size() > limit) refuse_large(name, limit);
  return data;
}

std::string sha256(std::string_view data) {
  std::array<std::uint8_t, 32> digest{};
  SHA256_Buf(data.data(), data.size(), digest.data());
  constexpr char digits[] = "0123456789abcdef";
  std::string hex;
  for (const std::uint8_t byte : digest) hex += {digits[byte >> 4], digits[byte & 15]};
  return hex;
}

}  // namespace skc::detail
