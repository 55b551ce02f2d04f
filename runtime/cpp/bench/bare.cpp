#include "bare.hpp"

#include <fstream>
#include <iterator>
#include <limits>
#include <stdexcept>

namespace bench {

namespace {

constexpr std::size_t chunk = 4096;

double number_of(const json& cell) {
  return cell.is_number() ? cell.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

Table empty_table(const json& tensor, std::size_t rows) {
  Table table{tensor["name"], tensor["width"], {}, {}, {}, {}};
  const std::string dtype = tensor["dtype"];
  if (dtype == "float64") {
    table.numbers.resize(rows * table.width);
  } else if (dtype == "string") {
    table.texts.resize(rows * table.width);
  } else if (dtype == "bool") {
    table.flags.resize(rows * table.width);
  } else {
    throw std::invalid_argument("the benchmark has float64 and string inputs");
  }
  return table;
}

Table& table_of(std::vector<Table>& tables, const json& slot) {
  for (Table& table : tables) {
    if (table.name == slot["tensor"]) return table;
  }
  throw std::invalid_argument("no such tensor");
}

}  // namespace

Bare::Bare(const std::string& model, const json& manifest, const Cells& cells, std::size_t rows)
    : runtime_(skc::detail::OnnxRuntime::open("")),
      session_(runtime_.api().ReleaseSession),
      memory_(runtime_.api().ReleaseMemoryInfo),
      rows_(rows) {
  for (const json& tensor : manifest["tensors"]) tables_.push_back(empty_table(tensor, rows));
  for (const json& input : manifest["inputs"]) {
    Table& table = table_of(tables_, input);
    const std::vector<json>& column = cells.at(input["name"]);
    const bool has_valid = !input["valid"].is_null();
    const std::size_t place = input["column"];
    const std::size_t valid_place = has_valid ? input["valid"]["column"].get<std::size_t>() : 0;
    Table* valid = has_valid ? &table_of(tables_, input["valid"]) : nullptr;
    for (std::size_t row = 0; row < rows; ++row) {
      const std::size_t at = row * table.width + place;
      if (!table.numbers.empty()) table.numbers[at] = number_of(column[row]);
      if (!table.texts.empty() && column[row].is_string()) table.texts[at] = column[row];
      if (valid != nullptr) valid->flags[row * valid->width + valid_place] = column[row].is_null() ? 0 : 1;
    }
  }
  for (Table& table : tables_) {
    inputs_.push_back(table.name.c_str());
    for (const std::string& text : table.texts) table.pointers.push_back(text.c_str());
  }
  outputs_ = {"x", "ids"};
  open(model);
}

Bare::Bare(const std::string& model, std::size_t width)
    : runtime_(skc::detail::OnnxRuntime::open("")),
      session_(runtime_.api().ReleaseSession),
      memory_(runtime_.api().ReleaseMemoryInfo),
      rows_(1) {
  tables_.push_back({"x", width, std::vector<double>(width), {}, {}, {}});
  inputs_ = {"x"};
  outputs_ = {"y"};
  open(model);
}

// With the options that the runtime uses.
void Bare::open(const std::string& model) {
  std::ifstream file(model, std::ios::binary);
  const std::string data{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const OrtApi& api = runtime_.api();
  skc::detail::Owned<OrtSessionOptions> options(api.ReleaseSessionOptions);
  runtime_.check(api.CreateSessionOptions(options.out()));
  runtime_.check(api.SetIntraOpNumThreads(options.get(), 1));
  runtime_.check(api.SetInterOpNumThreads(options.get(), 1));
  runtime_.check(api.SetSessionGraphOptimizationLevel(options.get(), ORT_ENABLE_BASIC));
  runtime_.check(api.AddSessionConfigEntry(options.get(), "session.intra_op.allow_spinning", "0"));
  runtime_.check(api.CreateSessionFromArray(runtime_.environment(), data.data(), data.size(), options.get(),
                                            session_.out()));
  runtime_.check(api.CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, memory_.out()));
}

template <class T>
Bare::Value Bare::view(const T* values, std::size_t rows, std::size_t width, ONNXTensorElementDataType type) const {
  const std::int64_t shape[] = {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(width)};
  OrtValue* made = nullptr;
  runtime_.check(runtime_.api().CreateTensorWithDataAsOrtValue(memory_.get(), const_cast<T*>(values),
                                                               rows * width * sizeof(T), shape, 2, type, &made));
  return Value(made, runtime_.api().ReleaseValue);
}

Bare::Value Bare::feed(const Table& table, std::size_t start, std::size_t rows) const {
  const std::size_t at = start * table.width;
  if (!table.numbers.empty()) {
    return view(table.numbers.data() + at, rows, table.width, ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE);
  }
  if (!table.flags.empty()) {
    return view(table.flags.data() + at, rows, table.width, ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL);
  }
  const std::int64_t shape[] = {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(table.width)};
  OrtValue* made = nullptr;
  runtime_.check(runtime_.api().CreateTensorAsOrtValue(runtime_.allocator(), shape, 2,
                                                       ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING, &made));
  Value value(made, runtime_.api().ReleaseValue);
  runtime_.check(runtime_.api().FillStringTensor(made, table.pointers.data() + at, rows * table.width));
  return value;
}

std::vector<Bare::Value> Bare::feeds(std::size_t start, std::size_t rows) const {
  std::vector<Value> found;
  for (const Table& table : tables_) found.push_back(feed(table, start, rows));
  return found;
}

std::vector<Bare::Value> Bare::run(const std::vector<Value>& feeds) const {
  std::vector<const OrtValue*> given;
  for (const Value& value : feeds) given.push_back(value.get());
  std::vector<OrtValue*> made(outputs_.size(), nullptr);
  runtime_.check(runtime_.api().Run(session_.get(), nullptr, inputs_.data(), given.data(), given.size(),
                                    outputs_.data(), outputs_.size(), made.data()));
  std::vector<Value> found;
  for (OrtValue* value : made) found.emplace_back(value, runtime_.api().ReleaseValue);
  return found;
}

template <class T>
std::vector<T> Bare::copied(const Value& value) const {
  skc::detail::Owned<OrtTensorTypeAndShapeInfo> info(runtime_.api().ReleaseTensorTypeAndShapeInfo);
  runtime_.check(runtime_.api().GetTensorTypeAndShape(value.get(), info.out()));
  std::size_t count = 0;
  runtime_.check(runtime_.api().GetTensorShapeElementCount(info.get(), &count));
  void* data = nullptr;
  runtime_.check(runtime_.api().GetTensorMutableData(value.get(), &data));
  const T* values = static_cast<const T*>(data);
  return std::vector<T>(values, values + count);
}

Answer Bare::run(std::size_t start, std::size_t rows) const {
  const std::vector<Value> results = run(feeds(start, rows));
  return {copied<float>(results[0]), copied<std::int64_t>(results[1])};
}

Answer Bare::run_chunks() const {
  const Answer first = run(0, 1);
  Answer all{std::vector<float>(rows_ * first.x.size()), std::vector<std::int64_t>(rows_ * first.ids.size())};
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t start = next.fetch_add(chunk); start < rows_; start = next.fetch_add(chunk)) {
      const Answer some = run(start, std::min(chunk, rows_ - start));
      std::copy(some.x.begin(), some.x.end(), all.x.data() + start * first.x.size());
      std::copy(some.ids.begin(), some.ids.end(), all.ids.data() + start * first.ids.size());
    }
  };
  std::thread helper(work);
  work();
  helper.join();
  return all;
}

void Bare::run_ready() {
  if (ready_.empty()) ready_ = feeds(0, rows_);
  run(ready_);
}

std::vector<double> Bare::run_empty() const { return copied<double>(run(feeds(0, 1))[0]); }

}  // namespace bench
