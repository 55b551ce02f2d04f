#include "skc/record.hpp"

#include <gtest/gtest.h>

#include <map>
#include <unordered_map>

#include "artifact.hpp"

namespace {

TEST(Record, is_made_of_any_pairs) {
  const std::unordered_map<std::string, skc::Value> table = {{"a", 1}};
  const std::map<std::string, double> numbers = {{"a", 1.5}};
  const std::vector<std::pair<std::string_view, std::optional<std::string>>> texts = {{"a", std::nullopt}};
  EXPECT_EQ(*skc::Record(table).find("a"), skc::Value(1));
  EXPECT_EQ(*skc::Record(numbers).find("a"), skc::Value(1.5));
  EXPECT_TRUE(skc::Record(texts).find("a")->is_null());
}

TEST(Record, sets_and_finds_by_name) {
  skc::Record record = {{"a", 1}};
  record["a"] = 2;
  record["b"] = "text";
  EXPECT_EQ(record.size(), 2u);
  EXPECT_EQ(*record.find("a"), skc::Value(2));
  EXPECT_EQ(record.find("c"), nullptr);
}

TEST(Record, with_a_name_twice_is_refused) {
  SKC_NEEDS_RIDES();
  const auto transformer = skc::Transformer::load(rides());
  skc::Record record = ride();
  record.add("night", false);
  EXPECT_EQ(code_of([&] { transformer.transform(record); }), "duplicate-column");
}

TEST(Columns, typed_give_what_records_give) {
  SKC_NEEDS_RIDES();
  const auto transformer = skc::Transformer::load(rides("packed"));
  skc::Columns columns;
  columns.add("pickup", std::vector<std::string>(3, "2019-01-23 20:30:15"))
      .add("zone", std::vector<std::string>(3, "MIDTOWN"))
      .add("driver", std::vector<std::string>(3, "é"))
      .add("passengers", std::vector<std::int64_t>(3, 3))
      .add("distance_km", std::vector<double>(3, 1.5))
      .add("fare", std::vector<std::int64_t>(3, 10))
      .add("payment", std::vector<skc::Value>(3, "app"))
      .add("night", std::vector<bool>(3, true))
      .add("weather", std::vector<double>(3, 0.0));
  EXPECT_EQ(code_of([&] { transformer.transform(columns); }), "unknown-key");
  const skc::Outputs batch = transformer.transform_columns(columns, skc::Extra::ignore);
  const skc::Outputs alone = transformer.transform(ride());
  ASSERT_EQ(batch.rows(), 3u);
  for (std::size_t k = 0; k < alone["x"].columns(); ++k) EXPECT_EQ(batch["x"].at<float>(2, k), alone["x"].at<float>(k));
}

TEST(Columns, of_a_type_the_input_does_not_take_are_refused_as_a_whole) {
  SKC_NEEDS_RIDES();
  const auto transformer = skc::Transformer::load(rides());
  skc::Columns columns;
  columns.add("pickup", std::vector<double>{1.5}).add("driver", std::vector<std::string>{"é"});
  columns.add("distance_km", std::vector<double>{1.5}).add("night", std::vector<bool>{true});
  try {
    transformer.transform(columns);
    FAIL();
  } catch (const skc::RecordError& error) {
    EXPECT_EQ(error.code(), "wrong-type");
    EXPECT_EQ(error.input(), "pickup");
    EXPECT_FALSE(error.row().has_value());
  }
}

TEST(Columns, typed_name_the_row_of_a_value_that_is_refused) {
  SKC_NEEDS_RIDES();
  const auto transformer = skc::Transformer::load(rides());
  skc::Columns columns;
  columns.add("pickup", std::vector<std::string>(2, "2019-01-23 20:30:15"));
  columns.add("driver", std::vector<std::string>{"a", std::string("b\0c", 3)});
  columns.add("distance_km", std::vector<double>(2, 1.5)).add("night", std::vector<bool>(2, true));
  try {
    transformer.transform(columns);
    FAIL();
  } catch (const skc::RecordError& error) {
    EXPECT_EQ(error.code(), "nul-in-string");
    EXPECT_EQ(error.row(), 1u);
  }
}

TEST(Forms, have_names) {
  SKC_NEEDS_RIDES();
  const auto transformer = skc::Transformer::load(rides("packed"));
  const float wanted = transformer.transform(ride())["x"].at<float>(0);
  EXPECT_TRUE(transformer.transform_record(ride()).is_single());
  EXPECT_FALSE(transformer.transform_records({ride(), ride()}).is_single());
  const std::string json = R"({"pickup": "2019-01-23 20:30:15", "zone": "MIDTOWN", "driver": "\u00e9", "passengers": 3,
      "distance_km": 1.5, "fare": 10, "payment": "app", "night": true})";
  const skc::Outputs one = transformer.transform_json(json);
  EXPECT_TRUE(one.is_single());
  EXPECT_EQ(one["x"].at<float>(0), wanted);
  const skc::Outputs batch = transformer.transform_json("[" + json + "," + json + "]", skc::Extra::ignore);
  EXPECT_FALSE(batch.is_single());
  EXPECT_EQ(batch["x"].at<float>(1, 0), wanted);
  EXPECT_EQ(code_of([&] { transformer.transform_json("{"); }), "malformed-json");
}

}  // namespace
