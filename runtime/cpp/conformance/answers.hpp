// Answers of the conformance protocol.
#pragma once

#include <nlohmann/json.hpp>

#include "skc/skc.hpp"

namespace conformance {

using Json = nlohmann::json;

Json answer_of(const skc::Outputs& outputs);
Json answer_of(const skc::Error& error);
Json answer_of(const skc::Description& description);

// In one line. Text that is not UTF-8, such as a key that was refused, is shown with replacement characters.
std::string line_of(const Json& answer);

}  // namespace conformance
