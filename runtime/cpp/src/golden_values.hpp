// The JSON form of values, and when two outputs agree.
#pragma once

#include <optional>
#include <string>

#include "manifest.hpp"
#include "skc/transformer.hpp"
#include "strict_json.hpp"

namespace skc::detail {

// A value of an element type from its JSON form. Throws `artifact-malformed`.
Value decode_value(DType element, const Json& value, const std::string& place);

// The first difference between outputs in JSON form and those of one record; none if they agree. Exact columns, and
// with Replay::exact all, must agree to the bit (all NaNs agree); the others to 1e-6.
std::optional<std::string> difference_from(const Json& wanted, const Outputs& found, const Manifest& manifest,
                                           Replay replay);

// The first difference to the bit between the outputs of one record and the same row of a batch.
std::optional<std::string> batch_difference(const Outputs& alone, const Outputs& together, std::size_t row);

}  // namespace skc::detail
