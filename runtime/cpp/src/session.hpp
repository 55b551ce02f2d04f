// One ONNX Runtime session, configured as every runtime configures it.
//
// Why these options: with one thread per call and no spinning the bits of a row do not depend on its batch and no
// core is wasted; basic optimisation gave the same bits as none; a model in ONNX Runtime's own format would bypass
// our checks.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "onnxruntime.hpp"

namespace skc::detail {

// An input or output as the model itself declares it; `width` is none if it is not fixed.
struct TensorInfo {
  std::string name;
  std::string dtype;
  std::optional<std::size_t> width;
};

// A loaded model. `run` may be called from several threads at once.
class Session {
 public:
  // Throws `model-refused`.
  Session(const OnnxRuntime& runtime, std::string_view model);

  const OnnxRuntime& runtime() const noexcept { return runtime_; }
  std::vector<TensorInfo> inputs() const;
  std::vector<TensorInfo> outputs() const;
  std::optional<std::string> metadata(const std::string& key) const;

  // Throws `run-failed`. ONNX Runtime makes the outputs, which the caller releases.
  void run(const std::vector<const char*>& input_names, const OrtValue* const* inputs,
           const std::vector<const char*>& output_names, OrtValue** outputs) const {
    runtime_.check(runtime_.api().Run(session_.get(), nullptr, input_names.data(), inputs, input_names.size(),
                                      output_names.data(), output_names.size(), outputs));
  }

 private:
  template <class GetCount, class GetName, class GetType>
  std::vector<TensorInfo> tensors(GetCount get_count, GetName get_name, GetType get_type) const;

  const OnnxRuntime& runtime_;
  Owned<OrtSession> session_;
};

}  // namespace skc::detail
