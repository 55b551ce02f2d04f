#include "iso_time.hpp"

#include <optional>

#include "skc/value.hpp"

namespace skc::detail {

namespace {

constexpr std::int64_t minute_us = 60'000'000;
constexpr std::int64_t day_us = 24 * 60 * minute_us;

// Reads a text from left to right; `is_good` becomes false at the first thing that is not there.
class Cursor {
 public:
  explicit Cursor(std::string_view text) noexcept : rest_(text) {}

  bool is_good() const noexcept { return is_good_; }
  bool at_end() const noexcept { return rest_.empty(); }

  // Takes one of these characters; 0 if none of them is next.
  char take_any(std::string_view letters) noexcept {
    if (rest_.empty() || letters.find(rest_.front()) == std::string_view::npos) return 0;
    const char found = rest_.front();
    rest_.remove_prefix(1);
    return found;
  }

  void expect(std::string_view letters) noexcept { is_good_ = take_any(letters) != 0 && is_good_; }

  // A number of exactly so many digits, at most `largest`.
  int number(int digits, int largest) noexcept {
    int value = 0;
    for (int i = 0; i < digits; ++i) {
      const char digit = take_any("0123456789");
      is_good_ = is_good_ && digit != 0;
      value = value * 10 + (digit - '0');
      if (!is_good_) return 0;
    }
    is_good_ = value <= largest;
    return value;
  }

  // Digits of a fraction, from 1 to 9, in nanoseconds.
  std::int64_t nanoseconds() noexcept {
    std::int64_t value = 0;
    int digits = 0;
    while (const char digit = digits < 9 ? take_any("0123456789") : '\0') {
      value = value * 10 + (digit - '0');
      ++digits;
    }
    is_good_ = is_good_ && digits > 0;
    for (; digits < 9; ++digits) value *= 10;
    return value;
  }

  // A day of the years 1 to 9999, in days since 1970.
  std::int64_t day() {
    const int year = number(4, 9999);
    expect("-");
    const int month = number(2, 12);
    expect("-");
    const int day = number(2, 31);
    is_good_ = is_good_ && year > 0;
    if (!is_good_) return 0;
    try {
      return Date(year, static_cast<unsigned>(month), static_cast<unsigned>(day)).days();
    } catch (const RecordError&) {
      is_good_ = false;
      return 0;
    }
  }

  // HH:MM, HH:MM:SS or HH:MM:SS.f, in nanoseconds.
  std::int64_t clock() noexcept {
    std::int64_t seconds = 3600 * static_cast<std::int64_t>(number(2, 23));
    expect(":");
    seconds += 60 * static_cast<std::int64_t>(number(2, 59));
    std::int64_t fraction = 0;
    if (take_any(":") != 0) {
      seconds += number(2, 59);
      if (take_any(".") != 0) fraction = nanoseconds();
    }
    return seconds * 1'000'000'000 + fraction;
  }

  // Minutes east of UTC: Z, ±HH:MM, ±HHMM or ±HH; nothing if there is none.
  std::optional<int> offset() noexcept {
    if (take_any("Z") != 0) return 0;
    const char sign = take_any("+-");
    if (sign == 0) return std::nullopt;
    int minutes = 60 * number(2, 23);
    if (!at_end()) {
      take_any(":");
      minutes += number(2, 59);
    }
    return sign == '-' ? -minutes : minutes;
  }

 private:
  std::string_view rest_;
  bool is_good_ = true;
};

std::int64_t microseconds_of(std::int64_t nanoseconds, std::string_view text, const Where& where) {
  if (nanoseconds % 1000 != 0) {
    throw_record("not-exact", shown(text) + " is not exact as microseconds", where,
                 "round it first, the way you intend");
  }
  return nanoseconds / 1000;
}

struct WallClock {
  std::int64_t microseconds;  // without the offset
  std::optional<int> offset;  // minutes east of UTC
};

WallClock wall_clock_of(std::string_view text, const char* wanted, const char* hint, const Where& where) {
  Cursor cursor(text);
  const std::int64_t day = cursor.day();
  cursor.expect("T ");
  const std::int64_t nanoseconds = cursor.clock();
  const std::optional<int> offset = cursor.offset();
  if (!cursor.is_good() || !cursor.at_end()) {
    throw_record("invalid-value", shown(text) + " is not " + wanted, where, hint);
  }
  return {day * day_us + microseconds_of(nanoseconds, text, where), offset};
}

}  // namespace

std::int64_t day_of_text(std::string_view text, const Where& where) {
  Cursor cursor(text);
  const std::int64_t day = cursor.day();
  if (!cursor.is_good() || !cursor.at_end()) {
    throw_record("invalid-value", shown(text) + " is not a date", where, "ISO 8601, such as 2024-05-01");
  }
  return day;
}

std::int64_t instant_of_text(std::string_view text, const Where& where) {
  const WallClock time =
      wall_clock_of(text, "a timestamp",
                    "ISO 8601 with an offset, such as 2024-05-01T12:00:00Z or 2024-05-01T14:00:00.5+02:00", where);
  if (!time.offset) {
    throw_record("naive-datetime", shown(text) + " has no offset, so it does not identify an instant", where,
                 "append Z for UTC, or the offset that is meant");
  }
  return time.microseconds - *time.offset * minute_us;
}

std::int64_t local_of_text(std::string_view text, const Where& where) {
  const WallClock time =
      wall_clock_of(text, "a local time", "ISO 8601 without an offset, such as 2024-05-01T12:00:00", where);
  if (time.offset) {
    throw_record("aware-datetime", shown(text) + " has an offset, but the input is a local time", where, without_zone);
  }
  return time.microseconds;
}

std::int64_t clock_of_text(std::string_view text, const Where& where) {
  Cursor cursor(text);
  const std::int64_t nanoseconds = cursor.clock();
  if (!cursor.is_good() || !cursor.at_end()) {
    throw_record("invalid-value", shown(text) + " is not a time", where,
                 "ISO 8601 without an offset, such as 17:30 or 17:30:00.5");
  }
  return microseconds_of(nanoseconds, text, where);
}

}  // namespace skc::detail
