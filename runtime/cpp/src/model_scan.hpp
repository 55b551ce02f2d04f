// External data in the bytes of an ONNX model, found before ONNX Runtime would open the files it names.
#pragma once

#include <string_view>

namespace skc::detail {

// Throws `artifact-unsafe` if a tensor lies in another file, `model-refused` if this is no protobuf message.
void refuse_external_data(std::string_view model);

}  // namespace skc::detail
