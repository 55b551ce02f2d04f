#include "errors.hpp"

#include <charconv>
#include <cmath>
#include <utility>

#include "utf8.hpp"

namespace skc {

namespace {

std::string described(const ErrorDetails& details) {
  std::string text = "error[" + details.code + "]: " + details.message;
  if (details.input || details.row) {
    text += " (";
    if (details.input) text += "input `" + *details.input + "`";
    if (details.input && details.row) text += ", ";
    if (details.row) text += "row " + std::to_string(*details.row);
    text += ")";
  }
  if (details.hint) text += "\n\nhint: " + *details.hint;
  return text;
}

}  // namespace

Error::Error(ErrorDetails details)
    : std::runtime_error(described(details)), details_(std::make_shared<const ErrorDetails>(std::move(details))) {}

namespace detail {

void throw_artifact(std::string code, std::string message, Hint hint) {
  throw ArtifactError({std::move(code), std::move(message), std::nullopt, std::nullopt, std::move(hint)});
}

void throw_record(std::string code, std::string message, const Where& where, Hint hint) {
  throw RecordError({std::move(code), std::move(message), where.input, where.row, std::move(hint)});
}

void throw_runtime(std::string code, std::string message, Hint hint) {
  throw Error({std::move(code), std::move(message), std::nullopt, std::nullopt, std::move(hint)});
}

std::string shown(std::string_view text, std::size_t limit) {
  constexpr char digits[] = "0123456789abcdef";
  std::string found = "\"";
  for (std::size_t i = 0; i < text.size();) {
    if (found.size() > limit) return found + "…\"";
    const auto byte = static_cast<unsigned char>(text[i]);
    const std::size_t length = utf8_length(text.substr(i));
    if (length == 0 || byte < 0x20 || byte == 0x7f) {
      found += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
      ++i;
      continue;
    }
    if (byte == '"' || byte == '\\') found += '\\';
    found += text.substr(i, length);
    i += length;
  }
  return found + "\"";
}

std::string shown(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return std::string(buffer, end);
}

namespace {

struct Shown {
  std::string operator()(std::monostate) const { return "null"; }
  std::string operator()(bool value) const { return value ? "bool true" : "bool false"; }
  std::string operator()(std::int64_t value) const { return "integer " + std::to_string(value); }
  std::string operator()(std::uint64_t value) const { return "integer " + std::to_string(value); }
  std::string operator()(double value) const { return "float " + shown(value); }
  std::string operator()(std::string_view text) const { return "string " + shown(text); }
  std::string operator()(Timestamp instant) const {
    const char* rest = instant.is_exact() ? "" : " and a fraction";
    return "timestamp of " + std::to_string(instant.microseconds()) + " microseconds" + rest;
  }
  std::string operator()(Date day) const { return "date of day " + std::to_string(day.days()); }
  std::string operator()(const BigInteger& integer) const { return "integer " + shown(integer.decimal); }
  std::string operator()(const Unsupported& value) const { return value.kind; }
};

}  // namespace

std::string shown_value(const Value& value) { return std::visit(Shown{}, value.storage()); }

}  // namespace detail
}  // namespace skc
