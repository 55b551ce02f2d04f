#include "feeds.hpp"

#include "errors.hpp"

namespace skc::detail {

namespace {

static_assert(sizeof(bool) == 1, "a bool tensor has a byte for each value");

ONNXTensorElementDataType onnx_type(DType dtype) {
  switch (dtype) {
    case DType::float32:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT;
    case DType::float64:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE;
    case DType::int64:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64;
    case DType::boolean:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL;
    case DType::string:
      break;
  }
  return ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING;
}

}  // namespace

Feeds::Feeds(const OnnxRuntime& runtime, const Manifest& manifest, std::size_t rows)
    : runtime_(runtime), rows_(rows), values_(manifest.tensors.size(), nullptr), tensors_(manifest.tensors.size()) {
  const OrtApi& api = runtime.api();
  try {
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const TensorSpec& spec = manifest.tensors[i];
      const std::int64_t shape[] = {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(spec.width)};
      runtime.check(api.CreateTensorAsOrtValue(runtime.allocator(), shape, 2, onnx_type(spec.dtype), &values_[i]));
      tensors_[i].width = spec.width;
      if (spec.dtype != DType::string) runtime.check(api.GetTensorMutableData(values_[i], &tensors_[i].data));
    }
  } catch (...) {
    release();
    throw;
  }
}

Feeds::~Feeds() { release(); }

void Feeds::release() noexcept {
  for (OrtValue* value : values_) runtime_.api().ReleaseValue(value);
}

std::size_t Feeds::longest_in(std::size_t row) const {
  std::size_t longest = 0;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    if (tensors_[i].data != nullptr) continue;
    for (std::size_t k = 0; k < tensors_[i].width; ++k) {
      std::size_t length = 0;
      runtime_.check(
          runtime_.api().GetStringTensorElementLength(values_[i], row * tensors_[i].width + k, &length));
      longest = std::max(longest, length);
    }
  }
  return longest;
}

std::string Feeds::shown_at(const InputSpec& input, std::size_t row) const {
  const std::size_t place = index(input.slot, row);
  switch (element_of(input.type)) {
    case DType::float32:
      return shown(double{cell<float>(input.slot, row)});
    case DType::float64:
      return shown(cell<double>(input.slot, row));
    case DType::int64:
      return std::to_string(cell<std::int64_t>(input.slot, row));
    case DType::boolean:
      return cell<bool>(input.slot, row) ? "true" : "false";
    case DType::string:
      break;
  }
  std::size_t length = 0;
  runtime_.check(runtime_.api().GetStringTensorElementLength(values_[input.slot.tensor], place, &length));
  std::string text(length, '\0');
  runtime_.check(runtime_.api().GetStringTensorElement(values_[input.slot.tensor], length, place, text.data()));
  return shown(text);
}

}  // namespace skc::detail
