// Cells of the conformance protocol as values of C++.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "skc/skc.hpp"

namespace conformance {

using Json = nlohmann::json;

// The kinds of cells that C++ cannot express: its strings are UTF-8, and it has no type of a time without a zone.
const std::vector<std::string>& inexpressible();

// The body of a request of JSON, from parts [data in base64, how often it is repeated].
std::string body_of(const Json& parts);

skc::Record record_of(const Json& cells);
skc::Columns columns_of(const Json& columns);

// The same rows as columns: one for each name that any of them has, null where a row does not have it.
skc::Columns columns_of(const std::vector<skc::Record>& records);

}  // namespace conformance
