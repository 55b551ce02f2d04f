#include "origin.hpp"

#include <monocypher/monocypher-ed25519.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "errors.hpp"
#include "files.hpp"
#include "strict_json.hpp"

namespace skc::detail {

namespace {

constexpr const char* signature_name = "manifest.sig";
constexpr std::string_view signed_prefix = "skc manifest signature 1\n";
constexpr const char* key_hint = "the text of a public key in PEM, as `openssl pkey -in private.pem -pubout` writes it";
constexpr std::string_view hexadecimal = "0123456789abcdef";

bool is_hexadecimal(std::string_view text, std::size_t digits) {
  return text.size() == digits && text.find_first_not_of(hexadecimal) == std::string_view::npos;
}

// The bytes of base 64; nothing if it is invalid. White space is skipped.
std::optional<std::string> decode_base64(std::string_view text) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  std::uint32_t bits = 0;
  int held = 0;
  bool is_ended = false;
  for (const char c : text) {
    if (c == '\n' || c == '\r' || c == ' ' || c == '\t') continue;
    is_ended = is_ended || c == '=';
    if (c == '=') continue;
    const std::size_t digit = digits.find(c);
    if (digit == std::string_view::npos || is_ended) return std::nullopt;
    bits = (bits << 6 | static_cast<std::uint32_t>(digit)) & 0xffff;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes += static_cast<char>(bits >> held & 0xff);
  }
  return bytes;
}

// The DER form of a public key, of which its id is the SHA-256.
std::string der_of(std::string_view pem) {
  constexpr std::string_view begin = "-----BEGIN PUBLIC KEY-----", end = "-----END PUBLIC KEY-----";
  constexpr std::string_view ed25519("\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", 12);  // then 32 bytes
  const std::size_t from = pem.find(begin);
  const std::size_t to = from == std::string_view::npos ? from : pem.find(end, from);
  if (to == std::string_view::npos) throw_runtime("invalid-option", "the key is not a public key", key_hint);
  const auto der = decode_base64(pem.substr(from + begin.size(), to - from - begin.size()));
  if (!der) throw_runtime("invalid-option", "the key is not a public key", key_hint);
  if (der->size() != ed25519.size() + 32 || der->compare(0, ed25519.size(), ed25519) != 0) {
    throw_runtime("invalid-option", "the key is not an Ed25519 key", key_hint);
  }
  return *der;
}

// The contents of manifest.sig: the id of the signing key, and the signature.
struct Signed {
  std::string key;
  std::array<std::uint8_t, 64> signature;
};

Signed read_signature(const std::string& data) {
  const std::string place = signature_name;
  const Json document = parse_json(data, place);
  Fields fields(document, place);
  if (fields.take("skc") != "signature") throw_malformed(place + ".skc", "this is not a signature");
  if (fields.number("format", 1, std::int64_t{1} << 53) > 1) {
    throw_artifact("artifact-too-new", place + " has a newer format", "install a newer runtime");
  }
  fields.one_of("algorithm", {"ed25519"});
  Signed found{fields.text("key"), {}};
  const std::string text = fields.text("signature");
  fields.done();
  if (!is_hexadecimal(found.key, 64)) throw_malformed(place + ".key", "expected 64 lower-case hexadecimal digits");
  if (!is_hexadecimal(text, 128)) throw_malformed(place + ".signature", "expected 128 lower-case hexadecimal digits");
  for (std::size_t i = 0; i < found.signature.size(); ++i) {
    found.signature[i] =
        static_cast<std::uint8_t>(hexadecimal.find(text[2 * i]) << 4 | hexadecimal.find(text[2 * i + 1]));
  }
  return found;
}

void check_signature(std::string_view manifest, const std::string& identity, const std::string& pem,
                     const std::function<std::string(const std::string&)>& read) {
  const std::string der = der_of(pem);
  const std::string id = sha256(der);
  std::string data;
  try {
    data = read(signature_name);
  } catch (const ArtifactError& error) {
    if (error.code() != "artifact-file-missing") throw;
    throw_artifact("signature-missing", "the artifact " + identity + " has no `" + signature_name + "`",
                   "sign it with `skc sign ARTIFACT --key PRIVATE.pem`, or load it without a key");
  }
  const Signed found = read_signature(data);
  const char* hint = "use the artifact that was signed with this key, or the key that this artifact was signed with";
  if (found.key != id) {
    throw_artifact("signature-invalid",
                   "the artifact " + identity + " is signed with the key " + found.key + ", not with " + id, hint);
  }
  std::array<std::uint8_t, 32> key{};
  std::copy(der.end() - 32, der.end(), key.begin());
  const std::string message = std::string(signed_prefix) + std::string(manifest);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(message.data());
  if (skc_monocypher::crypto_ed25519_check(found.signature.data(), key.data(), bytes, message.size()) != 0) {
    throw_artifact("signature-invalid", "the artifact " + identity + " does not match its signature", hint);
  }
}

}  // namespace

std::string check_origin(std::string_view manifest, const LoadOptions& options,
                         const std::function<std::string(const std::string&)>& read) {
  std::string identity = sha256(manifest);
  if (options.expect && !is_hexadecimal(*options.expect, 64)) {
    throw_runtime("invalid-option", "expect is " + shown(*options.expect), "64 lower-case hexadecimal digits");
  }
  if (options.expect && *options.expect != identity) {
    throw_artifact("identity-mismatch", "the artifact is " + identity + ", not " + *options.expect,
                   "deploy the artifact that was reviewed; `skc inspect` prints an artifact's identity");
  }
  if (options.key) check_signature(manifest, identity, *options.key, read);
  return identity;
}

}  // namespace skc::detail
