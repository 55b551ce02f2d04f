#include "skc/error.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <type_traits>

#include "artifact.hpp"
#include "errors.hpp"

namespace {

TEST(Error, shows_the_code_the_place_and_a_way_out) {
  const skc::RecordError error({"null", "the input is null", "age", 3, "send a value"});
  EXPECT_STREQ(error.what(), "error[null]: the input is null (input `age`, row 3)\n\nhint: send a value");
  EXPECT_EQ(error.kind(), skc::Kind::record);
  EXPECT_EQ(error.message(), "the input is null");
}

TEST(Error, leaves_out_what_it_does_not_know) {
  const skc::Error error({"closed", "the transformer is closed"});
  EXPECT_STREQ(error.what(), "error[closed]: the transformer is closed");
  EXPECT_EQ(error.kind(), skc::Kind::runtime);
  EXPECT_FALSE(error.input() || error.row() || error.hint() || error.step());
}

TEST(Error, is_copied_without_throwing) { static_assert(std::is_nothrow_copy_constructible_v<skc::RecordError>); }

TEST(Error, suggests_the_name_that_was_meant) {
  SKC_NEEDS_RIDES();
  const auto transformer = skc::Transformer::load(rides());
  skc::Record record = ride();
  record.add("drivr", "x");
  try {
    transformer.transform(std::vector<skc::Record>{ride(), record});
    FAIL();
  } catch (const skc::RecordError& error) {
    EXPECT_STREQ(error.what(),
                 "error[unknown-key]: the pipeline has no input \"drivr\" (input `drivr`, row 1)\n\n"
                 "hint: did you mean `driver`?");
  }
}

TEST(Error, of_a_guard_names_the_step_and_the_value) {
  SKC_NEEDS_RIDES();
  const auto transformer = skc::Transformer::load(rides("packed"));
  skc::Record record = ride();
  record["distance_km"] = -3;
  try {
    transformer.transform(record);
    FAIL();
  } catch (const skc::RecordError& error) {
    EXPECT_EQ(error.code(), "invalid-value");
    EXPECT_EQ(error.step(), "amounts/1:log1p");
    EXPECT_NE(error.message().find("the request has -3"), std::string::npos) << error.message();
  }
}

TEST(Shown, escapes_what_a_terminal_should_not_see_and_cuts_what_is_long) {
  using skc::detail::shown;
  EXPECT_EQ(shown("é\xff\n\"😀"), "\"é\\xff\\x0a\\\"😀\"");
  EXPECT_LT(shown(std::string(1000, 'a')).size(), 80u);
  EXPECT_EQ(shown(1.5), "1.5");
  EXPECT_EQ(shown(5e-324), "5e-324");
}

// Every code that the sources raise is one of the shared table, and of the kind that it says.
TEST(Codes, are_those_of_the_shared_table) {
  std::ifstream file(SKC_SCHEMAS "/errors.v1.json");
  const auto table = nlohmann::json::parse(file);
  std::map<std::string, std::string> kinds;
  for (const auto& entry : table["codes"]) kinds[entry["code"]] = entry["kind"];
  const std::map<std::string, std::string> raised = {
      {"throw_artifact(", "artifact"}, {"throw_record(", "record"}, {"throw_runtime(", "runtime"}};
  std::size_t found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(SKC_SCHEMAS "/../runtime/cpp/src")) {
    std::ifstream source(entry.path());
    const std::string text{std::istreambuf_iterator<char>(source), {}};
    for (const auto& [call, kind] : raised) {
      for (std::size_t at = text.find(call); at != std::string::npos; at = text.find(call, at + 1)) {
        const std::size_t start = text.find_first_not_of(" \n", at + call.size());
        if (text[start] != '"') continue;  // the definition
        const std::string code = text.substr(start + 1, text.find('"', start + 1) - start - 1);
        EXPECT_EQ(kinds[code], kind) << code << " in " << entry.path();
        ++found;
      }
    }
  }
  EXPECT_GT(found, 20u);
}

}  // namespace
