// ONNX Runtime as a plain user calls it: values in vectors, tensors made for each call, results copied.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "onnxruntime.hpp"

namespace bench {

using nlohmann::json;
using Cells = std::map<std::string, std::vector<json>>;

struct Answer {
  std::vector<float> x;
  std::vector<std::int64_t> ids;
};

// One input tensor of all rows, row by row; the vector of its type holds the values.
struct Table {
  std::string name;
  std::size_t width;
  std::vector<double> numbers;
  std::vector<std::string> texts;
  std::vector<const char*> pointers;  // to the texts
  std::vector<char> flags;
};

class Bare {
 public:
  // Throws if an input is neither float64 nor string.
  Bare(const std::string& model, const json& manifest, const Cells& cells, std::size_t rows);
  // A graph with one input `x` of `width` zeros and one output `y`.
  Bare(const std::string& model, std::size_t width);

  std::size_t rows() const { return rows_; }
  // A whole call for some rows.
  Answer run(std::size_t start, std::size_t rows) const;
  // The same in chunks, by two threads, into one vector for each output.
  Answer run_chunks() const;
  // A call with the tensors ready; the results are made, and not read.
  void run_ready();
  // A whole call of the graph that does nothing.
  std::vector<double> run_empty() const;

 private:
  using Value = std::unique_ptr<OrtValue, void (*)(OrtValue*)>;

  void open(const std::string& model);
  std::vector<Value> feeds(std::size_t start, std::size_t rows) const;
  Value feed(const Table& table, std::size_t start, std::size_t rows) const;
  template <class T>
  Value view(const T* values, std::size_t rows, std::size_t width, ONNXTensorElementDataType type) const;
  std::vector<Value> run(const std::vector<Value>& feeds) const;
  template <class T>
  std::vector<T> copied(const Value& value) const;

  const skc::detail::OnnxRuntime& runtime_;
  skc::detail::Owned<OrtSession> session_;
  skc::detail::Owned<OrtMemoryInfo> memory_;
  std::size_t rows_;
  std::vector<Table> tables_;
  std::vector<const char*> inputs_, outputs_;
  std::vector<Value> ready_;
};

}  // namespace bench
