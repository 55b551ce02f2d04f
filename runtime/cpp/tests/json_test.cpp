#include <gtest/gtest.h>

#include <clocale>
#include <cmath>

#include "artifact.hpp"
#include "strict_json.hpp"

namespace {

using skc::detail::Json;
using skc::detail::parse_json;

std::string parse_code(const std::string& text) {
  return code_of([&] { parse_json(text, "test"); });
}

TEST(Json, reads_what_is_plain) {
  const Json value = parse_json(R"( {"a": [1, -2, 0.5, "é\ud83d\ude00", null, true], "b": {}} )", "test");
  EXPECT_EQ(value["a"][1], -2);
  EXPECT_EQ(value["a"][3], "é😀");
  EXPECT_TRUE(value["b"].is_object());
}

TEST(Json, refuses_what_is_not) {
  const std::string nul(1, '\0');
  for (const std::string& text : {
           std::string(),
           std::string("{"),
           std::string("{} {}"),
           std::string("{}x"),
           "{}" + nul,
           "{}" + nul + "x",
           std::string(R"({"a":1,"a":2})"),
           std::string(R"({"a":{"b":1,"b":1}})"),
           std::string("[NaN]"),
           std::string("[Infinity]"),
           std::string("[-Infinity]"),
           std::string("[1e400]"),
           std::string("[01]"),
           std::string("[1.]"),
           std::string("[+1]"),
           std::string("['a']"),
           std::string("[1,]"),
           std::string("\xef\xbb\xbf{}"),
           std::string("[\"\xff\"]"),
           std::string("[\"\xed\xa0\xbd\"]"),
           std::string("[\"\xc0\x80\"]"),
           std::string(R"(["\ud83d"])"),
           std::string(R"(["\ude00\ud83d"])"),
           std::string("[\"\n\"]"),
           std::string("// a\n{}"),
           std::string(100, '['),
       }) {
    EXPECT_EQ(parse_code(text), "artifact-malformed") << text;
  }
}

TEST(Json, bounds_its_depth) {
  EXPECT_EQ(parse_code(std::string(64, '[') + std::string(64, ']')), "");
  EXPECT_EQ(parse_code(std::string(65, '[') + std::string(65, ']')), "artifact-malformed");
  EXPECT_EQ(parse_code(std::string(1000000, '[')), "artifact-malformed");
}

void expect_exact_numbers() {
  EXPECT_EQ(parse_json("[1.5]", "test")[0].get<double>(), 1.5);
  EXPECT_EQ(parse_json("[1.7976931348623157e+308]", "test")[0].get<double>(), 1.7976931348623157e308);
  EXPECT_EQ(parse_json("[5e-324]", "test")[0].get<double>(), 5e-324);
  EXPECT_EQ(parse_json("[0.1]", "test")[0].get<double>(), 0x1.999999999999ap-4);
  EXPECT_EQ(parse_json("[18446744073709551616]", "test")[0].get<double>(), 0x1p64);
  EXPECT_TRUE(std::signbit(parse_json("[-0.0]", "test")[0].get<double>()));
  EXPECT_TRUE(std::signbit(parse_json("[-1e-400]", "test")[0].get<double>()));
}

TEST(Json, reads_numbers_exactly) { expect_exact_numbers(); }

// Of the locales that a test before this one has generated: a comma for a point, and a point of two bytes.
TEST(Json, reads_numbers_exactly_in_every_locale) {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  int tried = 0;
  for (const char* name : {"de_DE.UTF-8", "ps_AF.UTF-8"}) {
    if (std::setlocale(LC_ALL, name) == nullptr) continue;
    ++tried;
    EXPECT_STRNE(std::localeconv()->decimal_point, ".");
    expect_exact_numbers();
    EXPECT_STRNE(std::localeconv()->decimal_point, ".");  // the host's locale is as it was
  }
  std::setlocale(LC_ALL, before.c_str());
  if (tried == 0) GTEST_SKIP() << "this machine has no localedef";
}

}  // namespace
