// The shared table of values, cell by cell, without a graph: what each value becomes in the tensors, or why it is
// refused.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "artifact.hpp"
#include "cells.hpp"
#include "errors.hpp"
#include "golden_values.hpp"
#include "marshal.hpp"

namespace {

using nlohmann::json;
using skc::DType;
using skc::detail::InputType;

skc::detail::Manifest manifest_of(const json& input) {
  skc::detail::Manifest manifest{};
  skc::detail::InputSpec spec{};
  spec.name = "v";
  const std::string word = input["type"];
  while (name_of(spec.type) != word) {
    if (spec.type == InputType::time) throw std::logic_error("a type that this test does not know: " + word);
    spec.type = static_cast<InputType>(static_cast<int>(spec.type) + 1);
  }
  spec.is_nullable = input["nullable"];
  spec.refuses_nan = input["nan"] == "error";
  spec.reads_numbers = input.contains("text");
  if (input.contains("timezone")) spec.timezone = input["timezone"].get<std::string>();
  manifest.tensors.push_back({"v", element_of(spec.type), 1});
  if (spec.is_nullable && !is_float(spec.type)) {
    spec.valid = skc::detail::Slot{1, 0};
    manifest.tensors.push_back({"v.valid", DType::boolean, 1});
  }
  manifest.inputs.push_back(spec);
  return manifest;
}

// What the cell became, as a message shows it, or the code of the refusal.
std::string became(const json& row) {
  const skc::detail::Manifest manifest = manifest_of(row["input"]);
  const skc::detail::Marshaller marshaller(manifest);
  skc::detail::Feeds feeds(skc::detail::OnnxRuntime::open(""), manifest, 1);
  const skc::Record record = conformance::record_of({{"v", row["given"]}});
  skc::detail::Seen seen;
  try {
    marshaller.put_record(record, skc::Extra::error, feeds, 0, std::nullopt, seen);
  } catch (const skc::RecordError& error) {
    EXPECT_EQ(error.input(), "v");
    return error.code();
  }
  return feeds.shown_at(manifest.inputs[0], 0);
}

std::string expected(const json& row) {
  const json& expect = row["expect"];
  if (expect.contains("error")) return expect["error"];
  const InputType type = manifest_of(row["input"]).inputs[0].type;
  if (expect.contains("null")) {
    return is_float(type)               ? "NaN"
           : type == InputType::string  ? "\"\""
           : type == InputType::boolean ? "false"
                                        : "0";
  }
  if (type == InputType::string) return skc::detail::shown(expect["value"].get<std::string>());
  if (type == InputType::boolean) return expect["value"] ? "true" : "false";
  if (!is_float(type)) return expect["value"];
  const skc::Value value = skc::detail::decode_value(DType::float64, expect["value"], "test");
  return skc::detail::shown(std::get<double>(value.storage()));
}

TEST(Marshalling, is_the_shared_table) {
  SKC_NEEDS_ONNXRUNTIME();
  std::ifstream file(SKC_SCHEMAS "/marshalling.v1.json");
  const json table = json::parse(file);
  int tried = 0;
  for (const json& row : table["values"]) {
    if (row["given"].contains("utf16") || row["given"].contains("naive") || row["given"].contains("clock")) continue;
    EXPECT_EQ(became(row), expected(row)) << row["id"];
    ++tried;
  }
  EXPECT_GT(tried, 80);
}

json cell(const char* type, const json& given) {
  return {{"input", {{"type", type}, {"nullable", false}, {"nan", "null"}}}, {"given", given}};
}

TEST(Marshalling, takes_large_integers_as_what_they_are) {
  SKC_NEEDS_ONNXRUNTIME();
  const auto big = [](const char* type, const char* decimal) {
    const skc::detail::Manifest manifest = manifest_of(cell(type, nullptr)["input"]);
    skc::detail::Feeds feeds(skc::detail::OnnxRuntime::open(""), manifest, 1);
    skc::detail::Seen seen;
    const skc::Record record = {{"v", skc::BigInteger{decimal}}};
    const skc::detail::Marshaller marshaller(manifest);
    const std::string code =
        code_of([&] { marshaller.put_record(record, skc::Extra::error, feeds, 0, std::nullopt, seen); });
    return code.empty() ? feeds.shown_at(manifest.inputs[0], 0) : code;
  };
  EXPECT_EQ(big("int64", "-0012"), "-12");
  EXPECT_EQ(big("int64", "9223372036854775808"), "int64-overflow");
  EXPECT_EQ(big("int64", "12x"), "wrong-type");
  EXPECT_EQ(big("float64", "-36893488147419103232"), "-36893488147419103232");
  EXPECT_EQ(big("float64", "36893488147419103233"), "not-exact");
  EXPECT_EQ(big("float64", "-000"), "0");
  EXPECT_EQ(big("float64", ""), "wrong-type");
  EXPECT_EQ(big("string", "1"), "wrong-type");
}

TEST(Marshalling, refuses_a_fraction_of_a_microsecond) {
  SKC_NEEDS_ONNXRUNTIME();
  EXPECT_EQ(became(cell("timestamp", {{"instant", "1969-12-31T23:59:59.999999999Z"}})), "not-exact");
  EXPECT_EQ(became(cell("timestamp", {{"instant", "0001-01-01T00:00:00+00:00"}})), "-62135596800000000");
}

}  // namespace
