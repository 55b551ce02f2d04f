#include "files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <optional>
#include <system_error>

#include "errors.hpp"

extern "C" {
#include <sha256.h>
}

namespace skc::detail {

namespace {

constexpr std::size_t megabyte = std::size_t{1} << 20;

// plan.json, and files that a later compiler may add, are hashed but not parsed, so they may be as large as the model.
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

[[noreturn]] void refuse_file(const std::string& message) {
  throw_artifact("artifact-unsafe", message, "copy the artifact with its links resolved (cp -RL)");
}

[[noreturn]] void refuse_missing(const std::string& name, int reason) {
  if (reason == ELOOP || reason == ENOTDIR) {  // a cycle of links, or a folder that just became a link
    refuse_file("`" + name + "` is a broken link");
  }
  if (reason == ENOENT) {
    throw_artifact("artifact-file-missing", "`" + name + "` is missing",
                   "copy the artifact again from where it was compiled, or compile it again");
  }
  throw_artifact("artifact-file-missing", "`" + name + "` cannot be read: " + std::generic_category().message(reason));
}

void check_size(const std::string& name, std::size_t size) {
  const std::size_t limit = limit_of(name);
  if (size <= limit) return;
  throw_artifact("artifact-too-large", "`" + name + "` has more than " + std::to_string(limit) + " bytes");
}

// At most one byte more than the size of the file: if it grows meanwhile, it will not match its hash.
std::string read_all(const File& file, const std::string& name, std::size_t size) {
  std::string data(size + 1, '\0');
  std::size_t filled = 0;
  while (filled < data.size()) {
    const ssize_t count = ::read(file.descriptor(), data.data() + filled, data.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) refuse_missing(name, errno);
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  data.resize(filled);
  return data;
}

// The path without links, or nothing, with errno set.
std::optional<std::string> real_path(const std::string& path) {
  char* found = ::realpath(path.c_str(), nullptr);
  if (found == nullptr) return std::nullopt;
  std::string copy = found;
  std::free(found);
  return copy;
}

std::string real_path_of(const std::string& name, const std::string& path) {
  auto found = real_path(path);
  if (!found) refuse_missing(name, errno);
  return *std::move(found);
}

std::unique_ptr<File> opened(const std::string& name, const File* folder, const std::string& part, int flags) {
  constexpr int usual = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
  const int at = folder == nullptr ? AT_FDCWD : folder->descriptor();
  const int descriptor = ::openat(at, part.c_str(), usual | flags);
  if (descriptor < 0) refuse_missing(name, errno);
  return std::make_unique<File>(descriptor);
}

// Why folders are opened one by one: the target of a path can change between check and use, so each folder on the
// resolved path is opened relative to its parent, and none of them may be a link.
std::unique_ptr<File> open_below(const std::string& root, const std::string& inside, const std::string& name) {
  auto folder = opened(name, nullptr, root, O_DIRECTORY);
  std::size_t start = 0;
  for (std::size_t end; (end = inside.find('/', start)) != std::string::npos; start = end + 1) {
    folder = opened(name, folder.get(), inside.substr(start, end - start), O_DIRECTORY);
  }
  return opened(name, folder.get(), inside.substr(start), 0);
}

void check_regular(const std::string& name, const struct stat& status) {
  if (!S_ISREG(status.st_mode)) refuse_file("`" + name + "` is not a regular file");
}

}  // namespace

Folder::Folder(const std::string& directory) {
  struct stat status{};
  auto found = real_path(directory);
  if (!found || ::stat(found->c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    throw_artifact("artifact-not-found", shown(directory) + " is not a directory", "check the path");
  }
  root_ = base_ = *std::move(found);
}

std::string Folder::read(const std::string& name) {
  const std::string place = real_path_of(name, base_ + "/" + name);
  const std::string start = root_ == "/" ? root_ : root_ + "/";
  if (place.compare(0, start.size(), start) != 0) {
    const bool is_root = place == root_;
    refuse_file("`" + name + (is_root ? "` is not a regular file" : "` is a link that leads outside the artifact"));
  }
  struct stat status{};
  if (::lstat(place.c_str(), &status) != 0) refuse_missing(name, errno);
  check_regular(name, status);  // opening a pipe would block, and opening a device may have side effects
  const auto file = open_below(root_, place.substr(start.size()), name);
  if (::fstat(file->descriptor(), &status) != 0) refuse_missing(name, errno);
  check_regular(name, status);
  const auto size = static_cast<std::size_t>(status.st_size);
  check_size(name, size);
  if (name == "manifest.json") base_ = place.substr(0, place.rfind('/'));
  return read_all(*file, name, size);
}

std::string GivenFiles::read(const std::string& name) {
  const auto found = files_.find(name);
  if (found == files_.end()) refuse_missing(name, ENOENT);
  check_size(name, found->second.size());
  return found->second;
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
