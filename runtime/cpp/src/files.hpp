// Where the files of an artifact come from: regular files of bounded size, read once, and their hashes.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace skc::detail {

// The files of one artifact. `read` throws `artifact-file-missing`, `artifact-unsafe`, `artifact-too-large`.
class Source {
 public:
  virtual ~Source() = default;
  virtual std::string read(const std::string& name) = 0;
};

// A folder. Links inside it are allowed: a ConfigMap or Secret of Kubernetes is a folder of links into `..data/`,
// itself a link to the current version. All files are read from the folder that manifest.json resolves to, so that a
// swap in the middle of a load does not mix two versions.
class Folder : public Source {
 public:
  // Throws `artifact-not-found`.
  explicit Folder(const std::string& directory);
  std::string read(const std::string& name) override;

 private:
  std::string root_;  // without links
  std::string base_;  // of the files
};

// Bytes by name.
class GivenFiles : public Source {
 public:
  explicit GivenFiles(const std::map<std::string, std::string>& files) : files_(files) {}
  std::string read(const std::string& name) override;

 private:
  const std::map<std::string, std::string>& files_;
};

// In lower-case hex.
std::string sha256(std::string_view data);

}  // namespace skc::detail
