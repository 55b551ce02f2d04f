#include "golden_values.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "arithmetic.hpp"
#include "errors.hpp"

namespace skc::detail {

namespace {

constexpr double tolerance = 1e-6;

double decode_float(const Json& value, const std::string& place) {
  if (value.is_number()) return value.get<double>();  // an integer literal rounds to nearest, as any number does
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (value == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (value == "Infinity") return infinity;
  if (value == "-Infinity") return -infinity;
  if (value == "-0.0") return -0.0;
  throw_malformed(place, "expected a number, got " + shown_json(value));
}

std::int64_t decode_int64(const Json& value, const std::string& place) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    std::int64_t number = 0;
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (status == std::errc() && end == text.data() + text.size() && text.size() <= 20) return number;
  }
  throw_malformed(place, "expected an int64 in decimal, got " + shown_json(value));
}

// A value of an output as one of a request: float32 widened exactly.
Value value_at(const Output& output, std::size_t index) {
  return std::visit([&](const auto& values) { return Value(values[index]); }, output.data());
}

// Whether a value of an output (a) agrees with the expected one (b): to the bit (all NaNs agree) or, in a double that
// is not exact, to 1e-6. schemas/agreement.v1.json lists pairs; the conformance suite loads an artifact for each.
bool agree(const Value& a, const Value& b, bool is_exact) {
  const auto* x = std::get_if<double>(&a.storage());
  const auto* y = std::get_if<double>(&b.storage());
  if (x == nullptr || y == nullptr) return a == b;
  if (std::isnan(*x) || std::isnan(*y)) return std::isnan(*x) && std::isnan(*y);
  if (*x == *y) return !is_exact || std::signbit(*x) == std::signbit(*y);
  return !is_exact && std::isfinite(*y) && std::abs(*x - *y) <= tolerance * std::max(1.0, std::abs(*y));
}

std::string column_label(const Output& output, std::size_t column) {
  return "output `" + output.name() + "`, column " + std::to_string(column) + ": ";
}

std::optional<std::string> output_difference(const Json& wanted, const Output& found, const std::vector<bool>& exact,
                                             Replay replay) {
  const std::size_t columns = found.columns();
  const std::string place = "golden.jsonl `" + found.name() + "`";
  if (!wanted.is_array() || wanted.size() != columns) {
    throw_malformed(place, "not an array of " + std::to_string(columns) + " values");
  }
  for (std::size_t k = 0; k < columns; ++k) {
    const Value expected = decode_value(found.dtype(), wanted[k], place + "[" + std::to_string(k) + "]");
    const Value here = value_at(found, k);
    if (agree(here, expected, replay == Replay::exact || exact[k])) continue;
    return column_label(found, k) + shown_value(here) + " here, " + shown_value(expected) + " when compiled";
  }
  return std::nullopt;
}

}  // namespace

Value decode_value(DType element, const Json& value, const std::string& place) {
  if (value.is_null()) return nullptr;
  switch (element) {
    case DType::float32:
    case DType::float64:
      return decode_float(value, place);
    case DType::int64:
      return decode_int64(value, place);
    case DType::boolean:
      if (value.is_boolean()) return value.get<bool>();
      throw_malformed(place, "expected a bool, got " + shown_json(value));
    case DType::string:
      break;
  }
  if (value.is_string()) return value.get<std::string>();
  throw_malformed(place, "expected a string, got " + shown_json(value));
}

std::optional<std::string> difference_from(const Json& wanted, const Outputs& found, const Manifest& manifest,
                                           Replay replay) {
  if (wanted.size() != found.size()) throw_malformed("golden.jsonl", "its outputs are not those of the manifest");
  for (const Output& output : found) {
    const auto values = wanted.find(output.name());
    if (values == wanted.end()) throw_malformed("golden.jsonl", "output `" + output.name() + "` is missing");
    std::vector<bool> exact(output.columns(), true);  // what a companion `valid` always is
    for (const OutputSpec& spec : manifest.outputs) {
      if (spec.info.name == output.name()) exact = spec.exact;
    }
    if (auto difference = output_difference(*values, output, exact, replay)) return difference;
  }
  return std::nullopt;
}

std::optional<std::string> batch_difference(const Outputs& alone, const Outputs& together, std::size_t row) {
  for (const Output& output : alone) {
    const Output& batch = together[output.name()];
    for (std::size_t k = 0; k < output.columns(); ++k) {
      const Value one = value_at(output, k), among = value_at(batch, row * batch.columns() + k);
      if (agree(among, one, true)) continue;
      return column_label(output, k) + shown_value(among) + " in a batch, " + shown_value(one) + " alone";
    }
  }
  return std::nullopt;
}

}  // namespace skc::detail
