// An artifact, from its files to a transformer that reproduces its golden records.
//
// Why this order: the manifest is read first and strictly, since all other checks depend on it. Every file is read
// once, hashed, and only then given to ONNX Runtime, so that nothing can change between the check and the use.
#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <memory>
#include <set>
#include <tuple>

#include "arithmetic.hpp"
#include "errors.hpp"
#include "files.hpp"
#include "golden.hpp"
#include "model_scan.hpp"
#include "origin.hpp"
#include "serving.hpp"

namespace skc {

namespace detail {

namespace {

constexpr const char* not_of_one = "the files come from different compilations: compile the pipeline again";

// The first three numbers: `1.31.0.dev1+cpu` is 1.31.0.
std::array<long, 3> version_of(std::string_view text) {
  text = text.substr(0, text.find('+'));
  std::array<long, 3> numbers{};
  const char* at = text.data();
  const char* end = at + text.size();
  for (long& number : numbers) {
    at = std::find_if(at, end, [](char c) { return c >= '0' && c <= '9'; });
    if (at == end) break;
    at = std::from_chars(at, end, number).ptr;
  }
  return numbers;
}

void check_version(const Manifest& manifest, const OnnxRuntime& runtime) {
  const std::string& wanted = manifest.minimum_onnxruntime;
  if (version_of(runtime.version()) >= version_of(wanted)) return;
  throw_artifact("onnxruntime-too-old", "the artifact needs ONNX Runtime " + wanted + ", this is " + runtime.version(),
                 "install ONNX Runtime " + wanted + " or newer");
}

std::string read_hashed(Source& source, const std::string& name, const std::string& digest) {
  std::string data = source.read(name);
  if (sha256(data) == digest) return data;
  throw_artifact("artifact-hash-mismatch", "`" + name + "` does not have the hash given in manifest.json",
                 "copy the artifact again from where it was compiled, or compile it again");
}

struct Files {
  std::string model;
  std::string golden;
};

Files read_files(Source& source, const Manifest& manifest) {
  Files files;
  for (const auto& [name, digest] : manifest.files) {
    std::string data = read_hashed(source, name, digest);
    if (name == "model.onnx") files.model = std::move(data);
    if (name == "golden.jsonl") files.golden = std::move(data);
  }
  return files;
}

using Told = std::tuple<std::string, std::string, std::optional<std::size_t>>;

void check_tensors(const char* noun, const std::set<Told>& declared, const std::vector<TensorInfo>& model) {
  std::set<Told> real;
  for (const TensorInfo& tensor : model) real.emplace(tensor.name, tensor.dtype, tensor.width);
  std::vector<Told> different;
  std::set_symmetric_difference(declared.begin(), declared.end(), real.begin(), real.end(),
                                std::back_inserter(different));
  if (different.empty()) return;
  throw_artifact("artifact-inconsistent",
                 "manifest.json and model.onnx disagree about the " + std::string(noun) + " `" +
                     std::get<0>(different.front()) + "`",
                 not_of_one);
}

// The model must have exactly the inputs and outputs that the manifest lists.
void check_tensors(const Manifest& manifest, const Session& session) {
  std::set<Told> inputs, outputs;
  for (const TensorSpec& tensor : manifest.tensors) {
    inputs.emplace(tensor.name, skc::name_of(tensor.dtype), tensor.width);
  }
  for (const OutputInfo& info : result_infos(manifest)) {
    outputs.emplace(info.name, skc::name_of(info.dtype), info.columns.size());
  }
  if (manifest.signals) outputs.emplace(manifest.signals->tensor, "bool", manifest.signals->columns.size());
  if (manifest.guards) outputs.emplace(manifest.guards->tensor, "bool", manifest.guards->columns.size());
  check_tensors("input", inputs, session.inputs());
  check_tensors("output", outputs, session.outputs());
}

// The model's metadata must name the frozen pipeline of the manifest.
void check_metadata(const Manifest& manifest, const Session& session) {
  const std::pair<const char*, std::string> wanted[] = {{"skc.format", std::to_string(format)},
                                                        {"skc.plan", manifest.plan}};
  for (const auto& [key, value] : wanted) {
    const auto found = session.metadata(key);
    if (found == value) continue;
    throw_artifact("artifact-inconsistent",
                   std::string("model.onnx has ") + key + " " + (found ? shown(*found) : "not at all") +
                       ", manifest.json says " + shown(value, 80),
                   not_of_one);
  }
}

}  // namespace

}  // namespace detail

Transformer Transformer::load(const std::string& directory, const LoadOptions& options) {
  return load_from([&] { return std::make_unique<detail::Folder>(directory); }, options);
}

Transformer Transformer::load_files(const std::map<std::string, std::string>& files, const LoadOptions& options) {
  return load_from([&] { return std::make_unique<detail::GivenFiles>(files); }, options);
}

Transformer Transformer::load_from(const std::function<std::unique_ptr<detail::Source>()>& open,
                                   const LoadOptions& options) {
  using namespace detail;
  check_arithmetic();
  const OnnxRuntime& runtime = OnnxRuntime::open(options.onnxruntime_library);
  const std::unique_ptr<Source> source = open();
  const std::string data = source->read("manifest.json");
  const std::string identity =
      check_origin(data, options, [&](const std::string& name) { return source->read(name); });
  Manifest manifest = read_manifest(data);
  manifest.identity = identity;
  verify_files(manifest);
  check_version(manifest, runtime);
  Files files = read_files(*source, manifest);
  scan_model(files.model);
  Transformer transformer(std::make_unique<Serving>(runtime, std::move(manifest), files.model));
  files.model = {};
  Serving& serving = *transformer.serving_;
  const auto session = serving.session();
  check_tensors(serving.manifest(), *session);
  check_metadata(serving.manifest(), *session);
  replay_golden(transformer, serving.manifest(), read_golden(files.golden, serving.manifest()), options.replay);
  serving.watch(options.observer);  // replaying is not serving
  return transformer;
}

}  // namespace skc
