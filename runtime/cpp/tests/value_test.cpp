#include "skc/value.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "artifact.hpp"

namespace {

using namespace std::chrono;

template <class T>
bool holds(const skc::Value& value) {
  return std::holds_alternative<T>(value.storage());
}

TEST(Value, takes_the_types_of_the_language_as_they_are) {
  EXPECT_TRUE(holds<bool>(true));
  EXPECT_TRUE(holds<std::int64_t>(1));
  EXPECT_TRUE(holds<std::int64_t>(static_cast<short>(1)));
  EXPECT_TRUE(holds<std::uint64_t>(1u));
  EXPECT_TRUE(holds<double>(1.5f));
  EXPECT_TRUE(holds<std::string_view>("text"));
  EXPECT_TRUE(holds<std::string>(std::string("text")));
  EXPECT_TRUE(holds<skc::Timestamp>(system_clock::now()));
  EXPECT_TRUE(holds<skc::Date>(skc::Date(2024, 2, 29)));
}

TEST(Value, has_several_ways_to_say_null) {
  EXPECT_TRUE(skc::Value().is_null());
  EXPECT_TRUE(skc::Value(nullptr).is_null());
  EXPECT_TRUE(skc::Value(std::nullopt).is_null());
  EXPECT_TRUE(skc::Value(std::optional<int>()).is_null());
  EXPECT_TRUE(skc::Value(static_cast<const char*>(nullptr)).is_null());
  EXPECT_EQ(skc::Value(std::optional<int>(7)), skc::Value(7));
}

TEST(Value, is_no_pointer) {
  static_assert(!std::is_constructible_v<skc::Value, int*>);
  static_assert(!std::is_constructible_v<skc::Value, const void*>);
}

TEST(Timestamp, keeps_microseconds_and_tells_what_it_cut_off) {
  const auto of = [](auto duration) { return skc::Timestamp(time_point<system_clock, decltype(duration)>(duration)); };
  EXPECT_EQ(of(seconds(2)), skc::Timestamp::from_microseconds(2000000));
  EXPECT_EQ(of(nanoseconds(3000)), skc::Timestamp::from_microseconds(3));
  EXPECT_TRUE(of(nanoseconds(-3000)).is_exact());
  EXPECT_FALSE(of(nanoseconds(-1)).is_exact());
  EXPECT_EQ(of(nanoseconds(-1)).microseconds(), -1);  // the one before
  EXPECT_EQ(of(nanoseconds::min()).microseconds(), -9223372036854776);
}

TEST(Timestamp, refuses_what_is_outside_of_int64) {
  const time_point<system_clock, seconds> far(seconds(std::numeric_limits<std::int64_t>::max() / 1000));
  EXPECT_EQ(code_of([&] { skc::Timestamp{far}; }), "int64-overflow");
}

TEST(Date, counts_days_of_the_calendar) {
  EXPECT_EQ(skc::Date(1970, 1, 1).days(), 0);
  EXPECT_EQ(skc::Date(1969, 12, 31).days(), -1);
  EXPECT_EQ(skc::Date(2024, 2, 29).days(), 19782);
  EXPECT_EQ(skc::Date(1, 1, 1).days(), -719162);
  EXPECT_EQ(skc::Date(-1, 1, 1).days(), -719893);
  EXPECT_EQ(skc::Date(9999, 12, 31).days(), 2932896);
}

TEST(Date, refuses_days_that_do_not_exist) {
  EXPECT_EQ(code_of([] { skc::Date(2023, 2, 29); }), "invalid-value");
  EXPECT_EQ(code_of([] { skc::Date(1900, 2, 29); }), "invalid-value");
  EXPECT_EQ(code_of([] { skc::Date(2024, 13, 1); }), "invalid-value");
  EXPECT_EQ(code_of([] { skc::Date(2024, 4, 0); }), "invalid-value");
}

}  // namespace
