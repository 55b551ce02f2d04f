// Files of an artifact: regular files of bounded size, read once, and their hashes.
#pragma once

#include <string>
#include <string_view>

namespace skc::detail {

bool is_directory(const std::string& path);

// The bytes of a file of the artifact. Throws `artifact-file-missing`, `artifact-unsafe` (a link or no regular file),
// `artifact-too-large`.
std::string read_file(const std::string& directory, const std::string& name);

// In lower-case hex.
std::string sha256(std::string_view data);

}  // namespace skc::detail
