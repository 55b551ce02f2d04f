// JSON as RFC 8259 has it: of requests, and of the files of an artifact.
//
// Why not nlohmann/json: half a surrogate pair and a number past the largest double end its parse, so that a refusal
// could name neither the input nor the row; and strict_json.cpp says what it takes that it must not.
#pragma once

#include <cstddef>
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

// A string without escapes is borrowed from the text. A number is an integer where it has neither fraction nor exponent,
// else the nearest double, and past the largest an integer that is too large for any input.
struct JsonNode {
  std::variant<Value, JsonArray, JsonObject> content;
};

struct JsonMember {
  std::string key;
  JsonNode node;
};

// The whole text, which must be UTF-8. Throws RecordError `malformed-json`, also for what nests deeper than `deepest`.
JsonNode read_json(std::string_view text, std::size_t deepest);

}  // namespace skc::detail
