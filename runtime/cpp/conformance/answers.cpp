#include "answers.hpp"

#include <cmath>
#include <cstring>

namespace conformance {

namespace {

template <class Bits, class Float>
std::string bits_of(Float value) {
  if (std::isnan(value)) return "nan";
  Bits bits = 0;
  static_assert(sizeof bits == sizeof value);
  std::memcpy(&bits, &value, sizeof bits);
  std::string hex(2 * sizeof bits, '0');
  for (std::size_t i = hex.size(); i-- > 0; bits >>= 4) hex[i] = "0123456789abcdef"[bits & 15];
  return hex;
}

Json cell_of(float value) { return bits_of<std::uint32_t>(value); }
Json cell_of(double value) { return bits_of<std::uint64_t>(value); }
Json cell_of(std::int64_t value) { return std::to_string(value); }
Json cell_of(bool value) { return value; }
Json cell_of(const std::string& value) { return value; }

Json cells_of(const skc::Output::Data& data) {
  return std::visit(
      [](const auto& values) {
        Json cells = Json::array();
        for (const auto& value : values) cells.push_back(cell_of(value));
        return cells;
      },
      data);
}

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

}  // namespace

Json answer_of(const skc::Outputs& outputs) {
  Json found = Json::object();
  for (const skc::Output& output : outputs) {
    Json shape = Json::array({output.columns()});
    if (!outputs.is_single()) shape = Json::array({output.rows(), output.columns()});
    found[output.name()] = {
        {"dtype", skc::name_of(output.dtype())}, {"shape", shape}, {"values", cells_of(output.data())}};
  }
  return {{"outputs", found}};
}

Json answer_of(const skc::Error& error) {
  return {{"error",
           {{"code", error.code()},
            {"input", or_null(error.input())},
            {"row", or_null(error.row())},
            {"step", or_null(error.step())}}}};
}

Json answer_of(const skc::Description& description) {
  Json inputs = Json::array(), outputs = Json::array();
  for (const auto& input : description.inputs) {
    inputs.push_back({{"name", input.name}, {"type", input.type}, {"nullable", input.nullable}, {"nan", input.nan}});
    if (input.text) inputs.back()["text"] = *input.text;
    if (input.timezone) inputs.back()["timezone"] = *input.timezone;
  }
  for (const auto& output : description.outputs) {
    outputs.push_back({{"name", output.name},
                       {"dtype", output.dtype},
                       {"columns", output.columns},
                       {"valid", or_null(output.valid)}});
  }
  return {{"describe",
           {{"name", description.name},
            {"signature", description.signature},
            {"inputs", inputs},
            {"outputs", outputs},
            {"identity", description.identity},
            {"plan", description.plan},
            {"tzdata", or_null(description.tzdata)},
            {"minimum_onnxruntime", description.minimum_onnxruntime},
            {"built_with", description.built_with}}}};
}

std::string line_of(const Json& answer) { return answer.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace conformance
