// One row: p50 and p99 in microseconds of a bare session call with the tensors ready, of `transform` with a record that
// is there, and of making the record and transforming it, as JSON.
//
//     skc_bench ARTIFACT RECORD.json [CALLS]
//
// RECORD.json holds one object: a null, bool, number or string per input. The subjects take turns, so that a busy
// moment of the machine hits them alike; quote ratios.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "files.hpp"
#include "marshal.hpp"
#include "results.hpp"
#include "session.hpp"
#include "skc/skc.hpp"

namespace {

using nlohmann::json;
using skc::detail::Manifest;

skc::Value value_of(const json& cell) {
  if (cell.is_null()) return nullptr;
  if (cell.is_boolean()) return cell.get<bool>();
  if (cell.is_number_integer()) return cell.get<std::int64_t>();
  if (cell.is_number()) return cell.get<double>();
  return std::string_view(cell.get_ref<const std::string&>());
}

skc::Record record_of(const json& cells) {
  skc::Record record;
  record.reserve(cells.size());
  for (const auto& [name, cell] : cells.items()) record.add(name, value_of(cell));
  return record;
}

// A session call and nothing else.
class Bare {
 public:
  Bare(const std::string& artifact, const skc::Record& record)
      : runtime_(skc::detail::OnnxRuntime::open("")),
        manifest_(skc::detail::read_manifest(skc::detail::read_file(artifact, "manifest.json"))),
        session_(runtime_, skc::detail::read_file(artifact, "model.onnx")),
        feeds_(runtime_, manifest_, 1) {
    skc::detail::Seen seen;
    skc::detail::Marshaller(manifest_).put_record(record, skc::Extra::error, feeds_, 0, std::nullopt, seen);
    for (const auto& tensor : manifest_.tensors) inputs_.push_back(tensor.name.c_str());
    infos_ = skc::detail::result_infos(manifest_);
    for (const auto& info : infos_) outputs_.push_back(info.name.c_str());
    if (manifest_.guards) outputs_.push_back(manifest_.guards->tensor.c_str());
  }

  void operator()() const {
    skc::detail::RunOutputs found(runtime_, outputs_.size());
    session_.run(inputs_, feeds_.values(), outputs_, found.data());
  }

 private:
  const skc::detail::OnnxRuntime& runtime_;
  Manifest manifest_;
  skc::detail::Session session_;
  skc::detail::Feeds feeds_;
  std::vector<skc::OutputInfo> infos_;
  std::vector<const char*> inputs_, outputs_;
};

template <class Call>
void time_calls(const Call& call, int calls, std::vector<double>& microseconds) {
  for (int i = 0; i < calls; ++i) {
    const auto start = std::chrono::steady_clock::now();
    call();
    const std::chrono::duration<double, std::micro> taken = std::chrono::steady_clock::now() - start;
    microseconds.push_back(taken.count());
  }
}

json percentiles(std::vector<double>& values) {
  std::sort(values.begin(), values.end());
  return {{"p50_us", values[values.size() / 2]}, {"p99_us", values[values.size() * 99 / 100]}};
}

int run(const std::string& artifact, const std::string& path, int calls) {
  std::ifstream file(path);
  const std::string body{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const json cells = json::parse(body);
  const skc::Record record = record_of(cells);
  const skc::Transformer transformer = skc::Transformer::load(artifact);
  const Bare bare(artifact, record);
  std::vector<double> bare_times, transform_times, json_times, parsed_times;
  constexpr int rounds = 20;
  for (int round = 0; round <= rounds; ++round) {
    time_calls(bare, calls / rounds, bare_times);
    time_calls([&] { transformer.transform(record); }, calls / rounds, transform_times);
    time_calls([&] { transformer.transform_json(body); }, calls / rounds, json_times);
    const auto parsed = [&] {
      const json node = json::parse(body);
      transformer.transform(record_of(node));
    };
    time_calls(parsed, calls / rounds, parsed_times);
    if (round > 0) continue;  // the first round warms up
    for (auto* times : {&bare_times, &transform_times, &json_times, &parsed_times}) times->clear();
  }
  const json report = {{"artifact", artifact},
                       {"onnxruntime", skc::onnxruntime_version()},
                       {"calls", calls},
                       {"bare", percentiles(bare_times)},
                       {"transform", percentiles(transform_times)},
                       {"transform_json", percentiles(json_times)},
                       {"parse_and_transform", percentiles(parsed_times)}};
  std::cout << report.dump(2) << "\n";
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) {
    std::fputs("usage: skc_bench ARTIFACT RECORD.json [CALLS]\n", stderr);
    return 2;
  }
  const int calls = count > 3 ? std::max(20, std::atoi(arguments[3])) : 20000;
  try {
    return run(arguments[1], arguments[2], calls);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
