#include "skc/value.hpp"

#include "errors.hpp"

namespace skc {

namespace {

bool is_leap(int year) noexcept { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

unsigned days_of(int year, unsigned month) noexcept {
  constexpr unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

// Days since 1970-01-01. Counts years from March, so that the leap day is a year's last, in eras of 400 years.
std::int64_t days_since_epoch(std::int64_t year, unsigned month, unsigned day) noexcept {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const std::int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

}  // namespace

void Timestamp::refuse_overflow() {
  throw RecordError({"int64-overflow", "the instant is outside int64 microseconds"});
}

Date::Date(int year, unsigned month, unsigned day) : days_(0) {
  if (month < 1 || month > 12 || day < 1 || day > days_of(year, month)) {
    const std::string text = std::to_string(year) + "-" + std::to_string(month) + "-" + std::to_string(day);
    throw RecordError({"invalid-value", text + " is not a day in the calendar"});
  }
  days_ = days_since_epoch(year, month, day);
}

}  // namespace skc
