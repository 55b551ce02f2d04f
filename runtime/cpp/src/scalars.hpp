// Converts one value of a request to the value of its input, or refuses it: the marshalling table, value by value.
//
// `schemas/marshalling.v1.json` is this table as data, for every language. None of these takes a null.
#pragma once

#include <cstdint>
#include <string_view>

#include "errors.hpp"
#include "manifest.hpp"
#include "skc/value.hpp"

namespace skc::detail {

double float64_of(const Value& value, const Where& where);
double float64_of(std::int64_t value, const Where& where);

// The nearest float32, ties to even; a finite number that would become infinite is refused.
float float32_of(double value, const Where& where);

// Of an input of type int64, timestamp or date.
std::int64_t integer_of(InputType type, const Value& value, const Where& where);

// Whether an input whose values are not texts takes texts: a date or timestamp as ISO 8601.
bool reads_text(InputType type) noexcept;
std::int64_t local_of(const Value& value, const Where& where);  // microseconds of a local time
std::int64_t integer_of_text(InputType type, std::string_view text, const Where& where);


// The number that a string is, as JSON writes it; any other value is itself. Throws `invalid-value`.
Value number_of(const Value& value, const Where& where);

std::int64_t int64_of(double value, const Where& where);

bool bool_of(const Value& value, const Where& where);

// Sound UTF-8 without NUL; refers to the text of the value.
std::string_view string_of(const Value& value, const Where& where);
void check_text(std::string_view text, const Where& where);

[[noreturn]] void refuse_missing(const Where& where);
[[noreturn]] void refuse_null(const Where& where);
[[noreturn]] void refuse_nan(const Where& where);
[[noreturn]] void refuse_type(InputType wanted, const std::string& given, const Where& where);

}  // namespace skc::detail
