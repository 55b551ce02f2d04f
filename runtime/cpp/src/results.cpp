#include "results.hpp"

#include <algorithm>

#include "errors.hpp"

namespace skc::detail {

Flags::Flags(const OnnxRuntime& runtime, std::size_t width) : value_(runtime.api().ReleaseValue) {
  const std::int64_t shape[] = {1, static_cast<std::int64_t>(width)};
  const OrtApi& api = runtime.api();
  runtime.check(
      api.CreateTensorAsOrtValue(runtime.allocator(), shape, 2, ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL, value_.out()));
  void* data = nullptr;
  runtime.check(api.GetTensorMutableData(value_.get(), &data));
  data_ = static_cast<const bool*>(data);
}

const void* RunOutputs::data(std::size_t index) const {
  void* found = nullptr;
  runtime_.check(runtime_.api().GetTensorMutableData(values_[index], &found));
  return found;
}

// A model can declare other sizes than it returns, and must not cause a read past the end.
void RunOutputs::check_count(std::size_t index, std::size_t count) const {
  const OrtApi& api = runtime_.api();
  Owned<OrtTensorTypeAndShapeInfo> info(api.ReleaseTensorTypeAndShapeInfo);
  runtime_.check(api.GetTensorTypeAndShape(values_[index], info.out()));
  std::size_t found = 0;
  runtime_.check(api.GetTensorShapeElementCount(info.get(), &found));
  if (found == count) return;
  throw_runtime("run-failed", "an output has " + std::to_string(found) + " values, not " + std::to_string(count),
                "this is a bug in skc; please report it with the request");
}

const bool* RunOutputs::flags(std::size_t index, std::size_t count) const {
  check_count(index, count);
  return static_cast<const bool*>(data(index));
}

template <class T>
void RunOutputs::copy_to(T* to, std::size_t index, std::size_t count) const {
  std::copy_n(static_cast<const T*>(data(index)), count, to);
}

void RunOutputs::copy_to(std::string* to, std::size_t index, std::size_t count) const {
  if (count == 0) return;  // ONNX Runtime has no content to return
  const OrtApi& api = runtime_.api();
  std::size_t length = 0;
  runtime_.check(api.GetStringTensorDataLength(values_[index], &length));
  std::string text(length, '\0');
  std::vector<std::size_t> offsets(count + 1, length);
  runtime_.check(api.GetStringTensorContent(values_[index], text.data(), length, offsets.data(), count));
  offsets[count] = length;
  for (std::size_t i = 0; i < count; ++i) to[i].assign(text, offsets[i], offsets[i + 1] - offsets[i]);
}

void RunOutputs::copy(std::size_t index, std::size_t rows, Output& to, std::size_t start) const {
  const std::size_t count = rows * to.columns();
  check_count(index, count);
  std::visit([&](auto& all) { copy_to(all.data() + start * to.columns(), index, count); }, to.data());
}

Output new_output(const OutputInfo& info, std::size_t rows) {
  const std::size_t count = rows * info.columns.size();
  switch (info.dtype) {
    case DType::float32:
      return {info, rows, Array<float>(count)};
    case DType::float64:
      return {info, rows, Array<double>(count)};
    case DType::int64:
      return {info, rows, Array<std::int64_t>(count)};
    case DType::boolean:
      return {info, rows, Array<bool>(count)};
    case DType::string:
      break;
  }
  return {info, rows, Array<std::string>(count)};
}

}  // namespace skc::detail
