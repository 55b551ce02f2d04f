// One value of a request.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ratio>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "skc/error.hpp"

namespace skc {

// An instant: microseconds since 1970-01-01T00:00:00 UTC.
class Timestamp {
 public:
  static constexpr Timestamp from_microseconds(std::int64_t microseconds) noexcept {
    return Timestamp(microseconds, true);
  }

  // Any precision of the system clock; anything but a whole microsecond is refused when it is served (`not-exact`),
  // and anything beyond int64 microseconds is refused here (`int64-overflow`).
  template <class Duration>
  Timestamp(std::chrono::time_point<std::chrono::system_clock, Duration> time)  // NOLINT: an instant is an instant
      : Timestamp(split(time.time_since_epoch())) {}

  constexpr std::int64_t microseconds() const noexcept { return microseconds_; }
  // False if a fraction of a microsecond was cut off.
  constexpr bool is_exact() const noexcept { return is_exact_; }

  friend constexpr bool operator==(Timestamp a, Timestamp b) noexcept {
    return a.microseconds_ == b.microseconds_ && a.is_exact_ == b.is_exact_;
  }
  friend constexpr bool operator!=(Timestamp a, Timestamp b) noexcept { return !(a == b); }

 private:
  constexpr Timestamp(std::int64_t microseconds, bool is_exact) noexcept
      : microseconds_(microseconds), is_exact_(is_exact) {}

  template <class Rep, class Period>
  static Timestamp split(std::chrono::duration<Rep, Period> duration) {
    static_assert(std::is_integral_v<Rep> && std::is_signed_v<Rep>, "a duration in floating point cannot be exact");
    using Ratio = std::ratio_divide<Period, std::micro>;
    static_assert(Ratio::num == 1 || Ratio::den == 1, "a whole number of microseconds, or a whole part of one");
    const std::int64_t count = duration.count();
    if constexpr (Ratio::den == 1) {
      constexpr std::int64_t limit = INT64_MAX / Ratio::num;
      if (count > limit || count < -limit) refuse_overflow();
      return Timestamp(count * Ratio::num, true);
    } else {  // not std::chrono::floor, which overflows at the ends
      const std::int64_t rest = count % Ratio::den;
      return Timestamp(count / Ratio::den - (rest < 0 ? 1 : 0), rest == 0);
    }
  }
  [[noreturn]] static void refuse_overflow();

  std::int64_t microseconds_;
  bool is_exact_;
};

// A day of the calendar: days since 1970-01-01.
class Date {
 public:
  static constexpr Date from_days(std::int64_t days) noexcept { return Date(days); }

  // Of the proleptic Gregorian calendar. Throws RecordError `invalid-value` for a day that does not exist.
  Date(int year, unsigned month, unsigned day);

  constexpr std::int64_t days() const noexcept { return days_; }

  friend constexpr bool operator==(Date a, Date b) noexcept { return a.days_ == b.days_; }
  friend constexpr bool operator!=(Date a, Date b) noexcept { return a.days_ != b.days_; }

 private:
  explicit constexpr Date(std::int64_t days) noexcept : days_(days) {}
  std::int64_t days_;
};

// An integer past 64 bits, in decimal. A float64 input takes it if it is exact, an integer input never does.
struct BigInteger {
  std::string decimal;
  friend bool operator==(const BigInteger& a, const BigInteger& b) { return a.decimal == b.decimal; }
};

// A value that no input accepts: bytes, a list, an object. Readers of richer formats pass such a value on as this,
// and it is refused (`wrong-type`) with its location.
struct Unsupported {
  std::string kind;
  friend bool operator==(const Unsupported& a, const Unsupported& b) { return a.kind == b.kind; }
};

// A null, bool, integer, double, string, timestamp or date. A string for an input of timestamps or dates is ISO 8601.
//
// A string is UTF-8. From a std::string_view or a const char* it is borrowed and must outlive the call that uses it;
// from a std::string it is owned.
class Value {
 public:
  using Storage = std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string_view, std::string,
                               Timestamp, Date, BigInteger, Unsupported>;

  Value() noexcept = default;
  Value(std::nullptr_t) noexcept {}
  Value(std::nullopt_t) noexcept {}
  template <class T, std::enable_if_t<std::is_arithmetic_v<T>, int> = 0>
  Value(T value) noexcept : storage_(widened(value)) {}
  Value(const char* text) noexcept : storage_(text == nullptr ? Storage() : Storage(std::string_view(text))) {}
  Value(std::string_view text) noexcept : storage_(text) {}
  Value(std::string text) noexcept : storage_(std::move(text)) {}
  Value(Timestamp instant) noexcept : storage_(instant) {}
  template <class Duration>
  Value(std::chrono::time_point<std::chrono::system_clock, Duration> time) : storage_(Timestamp(time)) {}
  Value(Date day) noexcept : storage_(day) {}
  Value(BigInteger integer) noexcept : storage_(std::move(integer)) {}
  Value(Unsupported value) noexcept : storage_(std::move(value)) {}
  template <class T, std::enable_if_t<std::is_constructible_v<Value, T>, int> = 0>
  Value(std::optional<T> value) {
    if (value) *this = Value(std::move(*value));
  }
  Value(const void*) = delete;  // or any pointer would be a bool

  bool is_null() const noexcept { return storage_.index() == 0; }
  const Storage& storage() const noexcept { return storage_; }

  friend bool operator==(const Value& a, const Value& b) { return a.storage_ == b.storage_; }
  friend bool operator!=(const Value& a, const Value& b) { return !(a == b); }

 private:
  template <class T>
  static auto widened(T value) noexcept {
    static_assert(!std::is_same_v<T, long double>, "a long double may not fit a float64: cast it as you mean it");
    static_assert(sizeof(T) <= 8, "an integer past 64 bits is a BigInteger");
    static_assert(!std::is_same_v<T, char> && !std::is_same_v<T, wchar_t> && !std::is_same_v<T, char16_t> &&
                      !std::is_same_v<T, char32_t>,
                  "a character is neither a number nor a string: say which is meant");
    if constexpr (std::is_same_v<T, bool>) {
      return value;
    } else if constexpr (std::is_floating_point_v<T>) {
      return static_cast<double>(value);
    } else if constexpr (std::is_signed_v<T>) {
      return static_cast<std::int64_t>(value);
    } else {
      return static_cast<std::uint64_t>(value);
    }
  }

  Storage storage_;
};

}  // namespace skc
