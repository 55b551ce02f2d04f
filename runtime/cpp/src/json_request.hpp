// Parses the body of a request, JSON bytes, into a record, records or columns.
//
// `schemas/requests.v1.json` defines the response to each body for every language.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "marshal.hpp"
#include "skc/error.hpp"
#include "skc/record.hpp"

namespace skc::detail {

// The refusal of a row that is not an object, to be thrown if no earlier row is refused.
using RefusedRow = std::optional<RecordError>;

struct JsonRecords {
  std::vector<Record> records;  // up to the row that is refused
  RefusedRow refused;
};

struct JsonColumns {
  Columns columns;
  std::vector<std::pair<std::string, std::string>> others;  // entries that are not arrays, formatted for a message

  // Refers to both.
  std::vector<GivenColumn> given() const;
};

using JsonRequest = std::variant<Record, JsonRecords, JsonColumns>;

// Refers to the body. Throws RecordError: malformed-json, invalid-utf8, request-too-large, unsupported-data.
JsonRequest read_request(std::string_view body);

}  // namespace skc::detail
