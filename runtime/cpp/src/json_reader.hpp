// A JSON parser (RFC 8259) for requests and the files of an artifact.
//
// Why not nlohmann/json: half of a surrogate pair, or a number beyond the largest double, ends its parse, so that a
// refusal could name neither the input nor the row; strict_json.cpp lists what it accepts but must not.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "skc/value.hpp"

namespace skc::detail {

struct JsonNode;
struct JsonMember;
using JsonArray = std::vector<JsonNode>;
using JsonObject = std::vector<JsonMember>;  // in the order of the text, each key once

// A string without escapes is borrowed from the text. A number is an integer if it has neither fraction nor exponent,
// otherwise the nearest double, and beyond the largest an integer that is too large for any input.
struct JsonNode {
  std::variant<Value, JsonArray, JsonObject> content;
};

struct JsonMember {
  std::string key;
  JsonNode node;
};

// The whole text, which must be UTF-8. Throws RecordError `malformed-json`, also for nesting deeper than `deepest`.
JsonNode read_json(std::string_view text, std::size_t deepest);

// The number that a text is, without anything around it; nothing if it is none.
std::optional<Value> read_json_number(std::string_view text);

}  // namespace skc::detail
