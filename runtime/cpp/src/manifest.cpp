#include "manifest.hpp"

#include "errors.hpp"
#include "manifest_checks.hpp"
#include "strict_json.hpp"

namespace skc::detail {

namespace {

constexpr std::string_view input_types[] = {"float64", "float32", "int64", "bool", "string", "timestamp", "date", "time"};

InputType input_type_of(std::string_view word) {
  std::size_t i = 0;
  while (input_types[i] != word) ++i;  // one_of admits no other word
  return static_cast<InputType>(i);
}

DType dtype_of(std::string_view word) {
  for (const DType dtype : {DType::float32, DType::float64, DType::int64, DType::boolean}) {
    if (skc::name_of(dtype) == word) return dtype;
  }
  return DType::string;
}

using Tensors = std::map<std::string, std::size_t, std::less<>>;

Slot read_slot(Fields& fields, const Tensors& tensors) {
  const std::string tensor = fields.text("tensor");
  const auto column = static_cast<std::size_t>(fields.number("column"));
  const auto found = tensors.find(tensor);
  if (found == tensors.end()) throw_malformed(fields.place(), "there is no tensor " + shown(tensor));
  return {found->second, column};
}

std::optional<Slot> read_valid(std::optional<Fields> fields, const Tensors& tensors) {
  if (!fields) return std::nullopt;
  const Slot slot = read_slot(*fields, tensors);
  fields->done();
  return slot;
}

InputSpec read_input(Fields& fields, const Tensors& tensors) {
  InputSpec spec{};
  spec.name = fields.text("name");
  spec.type = input_type_of(fields.one_of("type", {"float64", "float32", "int64", "bool", "string", "timestamp", "date", "time"}));
  spec.is_nullable = fields.flag("nullable");
  spec.refuses_nan = fields.one_of("nan", {"null", "error"}) == "error";
  spec.slot = read_slot(fields, tensors);
  spec.valid = read_valid(fields.optional_object("valid"), tensors);
  spec.reads_numbers = fields.has("text") && fields.one_of("text", {"number"}) == "number";
  if (fields.has("timezone")) spec.timezone = fields.text("timezone");
  fields.done();
  if (spec.timezone && spec.type != InputType::timestamp) {
    throw_malformed(fields.place() + ".timezone", std::string(name_of(spec.type)) + " is not a timestamp");
  }
  if (spec.reads_numbers && !is_number(spec.type)) {
    throw_malformed(fields.place() + ".text", std::string(name_of(spec.type)) + " is not a kind of number");
  }
  return spec;
}

TensorSpec read_tensor(Fields& fields) {
  TensorSpec tensor{};
  tensor.name = fields.text("name");
  tensor.dtype = dtype_of(fields.one_of("dtype", {"float64", "float32", "int64", "bool", "string"}));
  tensor.width = static_cast<std::size_t>(fields.number("width", 1, 1'000'000));
  fields.done();
  return tensor;
}

OutputSpec read_output(Fields& fields) {
  OutputSpec output{};
  output.info.name = fields.text("name");
  output.info.dtype = dtype_of(fields.one_of("dtype", {"float32", "float64", "int64", "bool", "string"}));
  output.info.columns = fields.texts("columns");
  output.exact = fields.flags("exact");
  const auto valid = fields.optional_text("valid");
  output.has_valid = valid.has_value();
  fields.done();
  const std::string place = "manifest.json.outputs `" + output.info.name + "`";
  if (valid && *valid != output.valid_name()) {
    throw_malformed(place, "`valid` is " + shown(*valid) + ", not the output's name and `.valid`");
  }
  return output;
}

std::optional<Guards> read_guards(std::optional<Fields> fields) {
  if (!fields) return std::nullopt;
  Guards guards;
  for (Fields& item : fields->objects("columns")) {
    std::string code = item.text("code");
    if (!is_code(code)) throw_malformed(item.place() + ".code", shown(code) + " is not an error code");
    std::string step = item.text("step");
    guards.columns.push_back({std::move(code), std::move(step), item.text("input")});
    item.done();
  }
  guards.tensor = fields->text("tensor");
  fields->done();
  return guards;
}

std::string read_minimum_onnxruntime(Fields fields) {
  for (const char* key : {"opset", "ml", "ir"}) fields.number(key, 1);
  std::string version = fields.text("minimum_onnxruntime");
  fields.texts("domains");
  fields.done();
  if (!is_version(version)) throw_malformed(fields.place(), shown(version) + " is not a version");
  return version;
}

LogSpec read_log(Fields fields) {
  LogSpec log;
  log.omit = fields.texts("omit");
  log.hash = fields.texts("hash");
  fields.done();
  return log;
}

SignalSpec read_signals(Fields fields) {
  SignalSpec signals;
  for (Fields& item : fields.objects("columns")) {
    SignalColumn column;
    column.kind = item.one_of("kind", {"null", "unknown", "invalid", "clipped", "outside"});
    column.step = item.text("step");
    column.input = item.text("input");
    if (item.has("training")) {
      column.training = item.text("training");
      if (!is_share(column.training)) {
        throw_malformed(item.place() + ".training", shown(column.training) + " is not a share, as in 0.25");
      }
    }
    signals.columns.push_back(std::move(column));
    item.done();
  }
  signals.tensor = fields.text("tensor");
  fields.done();
  if (signals.columns.empty()) throw_malformed(fields.place(), "there is no column");
  return signals;
}

void check_head(Fields& fields) {
  const Json& skc = fields.take("skc");
  if (!skc.is_string() || skc.get_ref<const std::string&>() != "artifact") {
    throw_malformed("manifest.json.skc", "this is not the manifest of an artifact");
  }
  const std::int64_t version = fields.number("format", 1, std::int64_t{1} << 53);
  if (version <= format) return;
  throw_artifact(
      "artifact-too-new",
      "the artifact has format " + std::to_string(version) + ", this runtime reads up to " + std::to_string(format),
      "install a newer runtime, or compile the pipeline with the version of `skc` that fits this one");
}

}  // namespace

DType element_of(InputType type) noexcept {
  switch (type) {
    case InputType::float64:
      return DType::float64;
    case InputType::float32:
      return DType::float32;
    case InputType::int64:
    case InputType::timestamp:
    case InputType::date:
    case InputType::time:
      return DType::int64;
    case InputType::boolean:
      return DType::boolean;
    case InputType::string:
      break;
  }
  return DType::string;
}

bool is_float(InputType type) noexcept { return type == InputType::float64 || type == InputType::float32; }
bool is_number(InputType type) noexcept { return is_float(type) || type == InputType::int64; }

std::string_view name_of(InputType type) noexcept { return input_types[static_cast<std::size_t>(type)]; }

Manifest read_manifest(std::string_view json) {
  const Json document = parse_json(json, "manifest.json");
  Fields fields(document, "manifest.json");
  check_head(fields);
  Manifest manifest{};
  manifest.name = fields.text("name");
  manifest.is_packed = fields.one_of("signature", {"columns", "packed"}) == "packed";
  Tensors tensors;
  for (Fields& item : fields.objects("tensors")) {
    manifest.tensors.push_back(read_tensor(item));
    const std::string& name = manifest.tensors.back().name;
    if (!tensors.emplace(name, tensors.size()).second)
      throw_malformed("manifest.json.tensors", "duplicate name " + shown(name));
  }
  for (Fields& item : fields.objects("inputs")) manifest.inputs.push_back(read_input(item, tensors));
  for (Fields& item : fields.objects("outputs")) manifest.outputs.push_back(read_output(item));
  manifest.guards = read_guards(fields.optional_object("guards"));
  manifest.minimum_onnxruntime = read_minimum_onnxruntime(fields.object("onnx"));
  manifest.files = fields.texts_by_key("files");
  manifest.plan = fields.text("plan");
  manifest.tzdata = fields.optional_text("tzdata");
  manifest.built_with = fields.texts_by_key("built_with");
  if (fields.has("log")) manifest.log = read_log(fields.object("log"));
  if (fields.has("signals")) manifest.signals = read_signals(fields.object("signals"));
  fields.done();
  verify_consistency(manifest);
  return manifest;
}

std::vector<OutputInfo> result_infos(const Manifest& manifest) {
  std::vector<OutputInfo> found;
  for (const OutputSpec& output : manifest.outputs) found.push_back(output.info);
  for (const OutputSpec& output : manifest.outputs) {
    if (output.has_valid) found.push_back({output.valid_name(), DType::boolean, output.info.columns});
  }
  return found;
}

Description describe(const Manifest& manifest) {
  Description description{};
  description.identity = manifest.identity;
  description.name = manifest.name;
  description.signature = manifest.is_packed ? "packed" : "columns";
  for (const InputSpec& input : manifest.inputs) {
    description.inputs.push_back(
        {input.name, std::string(name_of(input.type)), input.is_nullable, input.refuses_nan ? "error" : "null",
         input.reads_numbers ? std::optional<std::string>("number") : std::nullopt, input.timezone});
  }
  for (const OutputSpec& output : manifest.outputs) {
    const auto valid = output.has_valid ? std::optional(output.valid_name()) : std::nullopt;
    description.outputs.push_back(
        {output.info.name, std::string(skc::name_of(output.info.dtype)), output.info.columns, valid});
  }
  description.plan = manifest.plan;
  description.tzdata = manifest.tzdata;
  description.minimum_onnxruntime = manifest.minimum_onnxruntime;
  description.built_with = manifest.built_with;
  return description;
}

}  // namespace skc::detail
