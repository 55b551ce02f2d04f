#include "scalars.hpp"

#include <charconv>
#include <cmath>
#include <string>

#include "arithmetic.hpp"
#include "iso_time.hpp"
#include "json_reader.hpp"
#include "utf8.hpp"

namespace skc::detail {

namespace {

constexpr double exact_limit = 0x1p53;  // every integer up to here is a float64

// The middle of the largest float32 and 2^128, which rounds to infinity, as everything beyond it.
constexpr double float32_overflow = 0x1.ffffffp+127;

constexpr const char* round_first = "round it first, the way you intend";

[[noreturn]] void refuse_not_exact(const Value& value, const char* kind, const Where& where) {
  throw_record("not-exact", shown_value(value) + " is not exact as " + kind, where, round_first);
}

[[noreturn]] void refuse_overflow(const Value& value, const Where& where) {
  throw_record("int64-overflow", shown_value(value) + " is outside int64", where,
               "-9223372036854775808 to 9223372036854775807");
}

const char* wanted_text(InputType type) {
  switch (type) {
    case InputType::float64:
    case InputType::float32:
      return "a number";
    case InputType::int64:
      return "an integer";
    case InputType::boolean:
      return "a bool";
    case InputType::string:
      return "a string";
    case InputType::timestamp:
      return "a timestamp (integer microseconds, an instant, or ISO 8601 text)";
    case InputType::time:
      return "a time (integer microseconds since midnight, or ISO 8601 text)";
    case InputType::date:
      break;
  }
  return "a date (integer days, a date, or ISO 8601 text)";
}

std::optional<std::string_view> text_of(const Value& value) noexcept {
  if (const auto* view = std::get_if<std::string_view>(&value.storage())) return *view;
  if (const auto* owned = std::get_if<std::string>(&value.storage())) return *owned;
  return std::nullopt;
}

Hint hint_for(InputType wanted, const Value& value) {
  if (is_number(wanted) && text_of(value)) return "send a number, or declare the input with `text: number`";
  if (wanted == InputType::boolean) return "0 and 1 are integers: send true or false";
  const bool is_instant = std::holds_alternative<Timestamp>(value.storage());
  if (wanted == InputType::date && is_instant) return "which day an instant falls on depends on the zone: send a Date";
  const bool is_day = std::holds_alternative<Date>(value.storage());
  if (wanted == InputType::timestamp && is_day) return "a date has no time of day: send an instant";
  return std::nullopt;
}

[[noreturn]] void refuse_value(InputType wanted, const Value& value, const Where& where) {
  throw_record("wrong-type", "expected " + std::string(wanted_text(wanted)) + ", got " + shown_value(value), where,
               hint_for(wanted, value));
}

double float64_of_unsigned(std::uint64_t value, const Where& where) {
  const auto converted = static_cast<double>(value);
  // 2^64 itself does not convert back, so it is checked first.
  if (converted >= 0x1p64 || static_cast<std::uint64_t>(converted) != value) {
    refuse_not_exact(Value(value), "float64", where);
  }
  return converted;
}

bool is_decimal(std::string_view digits) {
  if (!digits.empty() && digits[0] == '-') digits.remove_prefix(1);
  return !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
}

// Without leading zeros, and without the sign of a zero.
std::string normal_decimal(std::string_view text) {
  const bool is_negative = text[0] == '-';
  if (is_negative) text.remove_prefix(1);
  const std::size_t first = text.find_first_not_of('0');
  if (first == std::string_view::npos) return "0";
  return (is_negative ? "-" : "") + std::string(text.substr(first));
}

double float64_of_big(const BigInteger& integer, const Value& value, const Where& where) {
  const std::string& text = integer.decimal;
  if (!is_decimal(text)) refuse_value(InputType::float64, value, where);
  double converted = 0;
  const auto status = std::from_chars(text.data(), text.data() + text.size(), converted).ec;
  if (status != std::errc() || !std::isfinite(converted)) refuse_not_exact(value, "float64", where);
  char digits[320];  // the largest float64 has 309, and a sign
  const auto end = std::to_chars(digits, digits + sizeof digits, converted, std::chars_format::fixed, 0).ptr;
  if (normal_decimal({digits, static_cast<std::size_t>(end - digits)}) != normal_decimal(text)) {
    refuse_not_exact(value, "float64", where);
  }
  return converted == 0 ? 0.0 : converted;  // an integer has no negative zero
}

std::int64_t integer_of_big(InputType wanted, const BigInteger& integer, const Value& value, const Where& where) {
  const std::string& text = integer.decimal;
  if (!is_decimal(text)) refuse_value(wanted, value, where);
  std::int64_t converted = 0;
  const auto status = std::from_chars(text.data(), text.data() + text.size(), converted).ec;
  if (status != std::errc()) refuse_overflow(value, where);
  return converted;
}

std::int64_t microseconds_of(Timestamp instant, const Value& value, const Where& where) {
  if (!instant.is_exact()) refuse_not_exact(value, "microseconds", where);
  return instant.microseconds();
}

}  // namespace

double float64_of(std::int64_t value, const Where& where) {
  const auto converted = static_cast<double>(value);
  // 2^63 does not convert back, so it is checked first.
  if (converted >= 0x1p63 || static_cast<std::int64_t>(converted) != value) {
    refuse_not_exact(Value(value), "float64", where);
  }
  return converted;
}

double float64_of(const Value& value, const Where& where) {
  const Value::Storage& storage = value.storage();
  if (const auto* number = std::get_if<double>(&storage)) return *number;
  if (const auto* number = std::get_if<std::int64_t>(&storage)) return float64_of(*number, where);
  if (const auto* number = std::get_if<std::uint64_t>(&storage)) return float64_of_unsigned(*number, where);
  if (const auto* number = std::get_if<BigInteger>(&storage)) return float64_of_big(*number, value, where);
  refuse_value(InputType::float64, value, where);
}

float float32_of(double value, const Where& where) {
  if (std::isfinite(value) && std::abs(value) >= float32_overflow) {
    throw_record("float32-overflow", shown(value) + " is outside float32", where,
                 "at most 3.4028234663852886e+38 in magnitude; declare the input float64 if it needs more");
  }
  return static_cast<float>(value);
}

std::int64_t int64_of(double value, const Where& where) {
  if (!std::isfinite(value) || std::trunc(value) != value) {
    throw_record("not-integral", shown(value) + " is not an integer", where, round_first);
  }
  if (std::abs(value) > exact_limit) {
    refuse_not_exact(Value(value), "int64: a float beyond 2^53 may represent several integers", where);
  }
  return static_cast<std::int64_t>(value);
}

bool reads_text(InputType type) noexcept {
  return type == InputType::timestamp || type == InputType::date || type == InputType::time;
}

std::int64_t integer_of_text(InputType type, std::string_view text, const Where& where) {
  if (type == InputType::time) return clock_of_text(text, where);
  return type == InputType::date ? day_of_text(text, where) : instant_of_text(text, where);
}

std::int64_t local_of(const Value& value, const Where& where) {
  if (const auto text = text_of(value)) return local_of_text(*text, where);
  const Value::Storage& storage = value.storage();
  if (std::holds_alternative<Timestamp>(storage)) {
    throw_record("aware-datetime", shown_value(value) + " is an instant, but the input is a local time", where,
                 without_zone);
  }
  if (std::holds_alternative<Date>(storage)) refuse_value(InputType::timestamp, value, where);
  return integer_of(InputType::timestamp, value, where);
}

Value number_of(const Value& value, const Where& where) {
  const auto text = text_of(value);
  if (!text) return value;
  if (auto number = read_json_number(*text)) return *std::move(number);
  throw_record("invalid-value", shown(*text) + " is not a number", where,
               "a number as JSON writes it, such as -1234.5 or 1e-3: no blanks, separators or leading zeros");
}

std::int64_t integer_of(InputType type, const Value& value, const Where& where) {
  const Value::Storage& storage = value.storage();
  if (const auto* number = std::get_if<std::int64_t>(&storage)) return *number;
  if (const auto* number = std::get_if<std::uint64_t>(&storage)) {
    if (*number > static_cast<std::uint64_t>(INT64_MAX)) refuse_overflow(value, where);
    return static_cast<std::int64_t>(*number);
  }
  if (const auto* number = std::get_if<BigInteger>(&storage)) return integer_of_big(type, *number, value, where);
  if (type == InputType::int64) {
    if (const auto* number = std::get_if<double>(&storage)) return int64_of(*number, where);
  }
  if (const auto text = text_of(value); text && reads_text(type)) return integer_of_text(type, *text, where);
  if (type == InputType::timestamp) {
    if (const auto* instant = std::get_if<Timestamp>(&storage)) return microseconds_of(*instant, value, where);
  }
  if (type == InputType::date) {
    if (const auto* day = std::get_if<Date>(&storage)) return day->days();
  }
  refuse_value(type, value, where);
}

bool bool_of(const Value& value, const Where& where) {
  if (const auto* flag = std::get_if<bool>(&value.storage())) return *flag;
  refuse_value(InputType::boolean, value, where);
}

std::string_view string_of(const Value& value, const Where& where) {
  const auto text = text_of(value);
  if (!text) refuse_value(InputType::string, value, where);
  check_text(*text, where);
  return *text;
}

void check_text(std::string_view text, const Where& where) {
  switch (text_fault(text)) {
    case TextFault::none:
      return;
    case TextFault::nul:
      throw_record("nul-in-string", shown(text) + " contains a NUL", where,
                   "ONNX Runtime would truncate the string there");
    case TextFault::invalid:
      throw_record("invalid-utf8", shown(text) + " is not UTF-8", where,
                   "decode it with its own encoding, and encode it as UTF-8");
  }
}

void refuse_missing(const Where& where) {
  throw_record("missing-key", "the input is missing, and is not nullable", where, "send it, or declare it nullable");
}

void refuse_null(const Where& where) {
  throw_record("null", "the input is null, and is not nullable", where, "send a value, or declare it nullable");
}

void refuse_nan(const Where& where) {
  throw_record("nan", "the input is NaN, which `nan: error` forbids", where, "send null instead");
}

void refuse_type(InputType wanted, const std::string& given, const Where& where) {
  throw_record("wrong-type", "expected " + std::string(wanted_text(wanted)) + ", got " + given, where);
}

}  // namespace skc::detail
