#include "skc/outputs.hpp"

#include <gtest/gtest.h>

#include "artifact.hpp"

namespace {

TEST(Outputs, of_a_single_record_have_one_row) {
  SKC_NEEDS_RIDES();
  const auto transformer = skc::Transformer::load(rides());
  const skc::Outputs outputs = transformer.transform(ride());
  EXPECT_TRUE(outputs.is_single());
  EXPECT_EQ(outputs.rows(), 1u);
  const skc::Output& x = outputs["x"];
  EXPECT_EQ(x.dtype(), skc::DType::float32);
  EXPECT_EQ(x.columns(), 13u);
  EXPECT_EQ(x.column_names()[12], "night");
  EXPECT_EQ(x.at<float>(12), 1.0f);
  EXPECT_EQ(x.values<float>().size(), 13u);
  EXPECT_EQ(outputs["ids"].at<std::int64_t>(0, 0), 2);
}

TEST(Outputs, refuse_other_types_names_and_places) {
  SKC_NEEDS_RIDES();
  const auto transformer = skc::Transformer::load(rides());
  const skc::Outputs outputs = transformer.transform(ride());
  EXPECT_EQ(outputs.find("y"), nullptr);
  EXPECT_EQ(code_of([&] { outputs["y"]; }), "invalid-option");
  EXPECT_EQ(code_of([&] { outputs["x"].values<double>(); }), "invalid-option");
  EXPECT_EQ(code_of([&] { outputs["x"].at<float>(13); }), "invalid-option");
  EXPECT_EQ(code_of([&] { outputs["x"].at<float>(1, 0); }), "invalid-option");
}

TEST(Outputs, stay_whole_when_the_transformer_goes_away) {
  SKC_NEEDS_RIDES();
  std::optional<skc::Transformer> transformer = skc::Transformer::load(rides());
  const skc::Outputs outputs = transformer->transform(ride());
  const skc::Outputs copy = outputs;
  transformer.reset();
  EXPECT_EQ(copy["x"].name(), "x");
  EXPECT_EQ(copy["x"].at<float>(12), outputs["x"].at<float>(12));
}

TEST(Outputs, of_no_records_have_no_rows) {
  SKC_NEEDS_RIDES();
  const auto transformer = skc::Transformer::load(rides());
  const skc::Outputs outputs = transformer.transform(std::vector<skc::Record>{});
  EXPECT_FALSE(outputs.is_single());
  EXPECT_EQ(outputs.rows(), 0u);
  EXPECT_EQ(outputs["x"].columns(), 13u);
}

TEST(Array, is_copied_and_moved_as_a_value) {
  skc::Array<std::string> words(2);
  words[1] = "b";
  skc::Array<std::string> copy = words;
  copy[1] = "c";
  EXPECT_EQ(words[1], "b");
  const skc::Array<std::string> moved = std::move(copy);
  EXPECT_EQ(moved[1], "c");
  EXPECT_TRUE(copy.empty());  // NOLINT: what a moved array is like is part of its contract
}

}  // namespace
