// Which artifact this is, and who made it. Its identity is the SHA-256 of manifest.json.
//
// Why only the manifest: it has the SHA-256 of every other file that is read, and load checks them all. A signature
// covers the same bytes after a prefix, so that it cannot be used as a signature of anything else; it is stored next
// to the other files, in manifest.sig (`schemas/signature.v1.schema.json`).
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "skc/transformer.hpp"

namespace skc::detail {

// The identity of an artifact; `read` gives the bytes of a file of it. Throws `identity-mismatch`, `signature-missing`,
// `signature-invalid`, and `invalid-option` if the argument is not an identity or a key.
std::string check_origin(std::string_view manifest, const LoadOptions& options,
                         const std::function<std::string(const std::string&)>& read);

}  // namespace skc::detail
