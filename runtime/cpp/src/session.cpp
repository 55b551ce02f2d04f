#include "session.hpp"

#include "errors.hpp"

namespace skc::detail {

namespace {

const char* name_of_element(ONNXTensorElementDataType type) {
  switch (type) {
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE:
      return "float64";
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT:
      return "float32";
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64:
      return "int64";
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL:
      return "bool";
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING:
      return "string";
    default:
      return "another type";
  }
}

// A string that ONNX Runtime allocated, taken over.
std::string taken(const OnnxRuntime& runtime, char* text) {
  std::string copy = text;
  runtime.check(runtime.api().AllocatorFree(runtime.allocator(), text));
  return copy;
}

TensorInfo tensor_info(const OnnxRuntime& runtime, std::string name, const OrtTypeInfo* type) {
  const OrtApi& api = runtime.api();
  const OrtTensorTypeAndShapeInfo* tensor = nullptr;
  runtime.check(api.CastTypeInfoToTensorInfo(type, &tensor));
  if (tensor == nullptr) return {std::move(name), "no tensor", std::nullopt};
  ONNXTensorElementDataType element = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  std::size_t rank = 0;
  runtime.check(api.GetTensorElementType(tensor, &element));
  runtime.check(api.GetDimensionsCount(tensor, &rank));
  std::vector<std::int64_t> shape(rank);
  runtime.check(api.GetDimensions(tensor, shape.data(), rank));
  std::optional<std::size_t> width;
  if (rank == 2 && shape[1] >= 0) width = static_cast<std::size_t>(shape[1]);
  return {std::move(name), name_of_element(element), width};
}

Owned<OrtSessionOptions> options_for(const OnnxRuntime& runtime) {
  const OrtApi& api = runtime.api();
  Owned<OrtSessionOptions> options(api.ReleaseSessionOptions);
  runtime.check(api.CreateSessionOptions(options.out()));
  runtime.check(api.SetIntraOpNumThreads(options.get(), 1));
  runtime.check(api.SetInterOpNumThreads(options.get(), 1));
  runtime.check(api.SetSessionLogSeverityLevel(options.get(), ORT_LOGGING_LEVEL_ERROR));
  runtime.check(api.SetSessionGraphOptimizationLevel(options.get(), ORT_ENABLE_BASIC));
  runtime.check(api.AddSessionConfigEntry(options.get(), "session.intra_op.allow_spinning", "0"));
  runtime.check(api.AddSessionConfigEntry(options.get(), "session.inter_op.allow_spinning", "0"));
  runtime.check(api.AddSessionConfigEntry(options.get(), "session.load_model_format", "ONNX"));
  return options;
}

}  // namespace

Session::Session(const OnnxRuntime& runtime, std::string_view model)
    : runtime_(runtime), session_(runtime.api().ReleaseSession) {
  const Owned<OrtSessionOptions> options = options_for(runtime);
  OrtStatus* status = runtime.api().CreateSessionFromArray(runtime.environment(), model.data(), model.size(),
                                                           options.get(), session_.out());
  if (status == nullptr) return;
  throw_artifact(
      "model-refused",
      "ONNX Runtime " + runtime.version() + " does not load the model: " + shown(runtime.message(status), 500),
      "compile the pipeline again, or install the version of ONNX Runtime that the manifest requires");
}

std::vector<TensorInfo> Session::inputs() const {
  const OrtApi& api = runtime_.api();
  return tensors(api.SessionGetInputCount, api.SessionGetInputName, api.SessionGetInputTypeInfo);
}

std::vector<TensorInfo> Session::outputs() const {
  const OrtApi& api = runtime_.api();
  return tensors(api.SessionGetOutputCount, api.SessionGetOutputName, api.SessionGetOutputTypeInfo);
}

template <class GetCount, class GetName, class GetType>
std::vector<TensorInfo> Session::tensors(GetCount get_count, GetName get_name, GetType get_type) const {
  std::size_t count = 0;
  runtime_.check(get_count(session_.get(), &count));
  std::vector<TensorInfo> found;
  for (std::size_t i = 0; i < count; ++i) {
    char* text = nullptr;
    runtime_.check(get_name(session_.get(), i, runtime_.allocator(), &text));
    std::string name = taken(runtime_, text);
    Owned<OrtTypeInfo> type(runtime_.api().ReleaseTypeInfo);
    runtime_.check(get_type(session_.get(), i, type.out()));
    found.push_back(tensor_info(runtime_, std::move(name), type.get()));
  }
  return found;
}

std::optional<std::string> Session::metadata(const std::string& key) const {
  const OrtApi& api = runtime_.api();
  Owned<OrtModelMetadata> metadata(api.ReleaseModelMetadata);
  runtime_.check(api.SessionGetModelMetadata(session_.get(), metadata.out()));
  char* value = nullptr;
  runtime_.check(api.ModelMetadataLookupCustomMetadataMap(metadata.get(), runtime_.allocator(), key.c_str(), &value));
  if (value == nullptr) return std::nullopt;
  return taken(runtime_, value);
}

}  // namespace skc::detail
