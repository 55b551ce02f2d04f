// Refuses a model with anything that skc never emits, from its bytes, before ONNX Runtime reads it.
#pragma once

#include <string_view>

namespace skc::detail {

// Throws `model-refused` if this is not protobuf, `artifact-unsafe` if it contains anything that skc never emits.
void scan_model(std::string_view model);

}  // namespace skc::detail
