// Refuses a model that is not made of what skc emits, from its bytes, before ONNX Runtime looks at it.
#pragma once

#include <string_view>

namespace skc::detail {

// Throws `model-refused` if this is not protobuf, `artifact-unsafe` if it holds what skc never emits.
void scan_model(std::string_view model);

}  // namespace skc::detail
