// What the runtime costs in addition to ONNX Runtime; benchmarks/languages.py explains the subjects.
//
//     skc_bench row ARTIFACT EMPTY.onnx RECORD.json CALLS    p50 and p99 of one row, in microseconds, as JSON
//     skc_bench batch ARTIFACT COLUMNS.json REPEAT           the best of some runs over a table, in milliseconds, as JSON
//     skc_bench signals PLAIN SIGNALS RECORD.json CALLS      p50 and p99 of one row, by an artifact without and one with signals
//
// The artifact has signature packed, float64 and string inputs, a float32 output x and an int64 output ids. Subjects take
// turns, so that a busy moment of the machine hits them alike; quote ratios.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <limits>
#include <stdexcept>

#include "bare.hpp"
#include "skc/skc.hpp"

namespace {

using bench::Bare;
using bench::Cells;
using nlohmann::json;

struct Subject {
  const char* name;
  std::function<void()> call;
  std::vector<double> times;
};

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

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

// Numbers as a column of double with NaN for null, texts as one of Value.
skc::Columns columns_of(const Cells& cells) {
  skc::Columns columns;
  for (const auto& [name, column] : cells) {
    if (std::none_of(column.begin(), column.end(), [](const json& cell) { return cell.is_number(); })) {
      std::vector<skc::Value> values;
      for (const json& cell : column) values.push_back(value_of(cell));
      columns.add(name, std::move(values));
      continue;
    }
    std::vector<double> numbers;
    for (const json& cell : column) {
      numbers.push_back(cell.is_null() ? std::numeric_limits<double>::quiet_NaN() : cell.get<double>());
    }
    columns.add(name, std::move(numbers));
  }
  return columns;
}

void check(const bench::Answer& bare, const skc::Outputs& outputs) {
  const auto& x = outputs["x"].values<float>();
  const auto& ids = outputs["ids"].values<std::int64_t>();
  if (!std::equal(x.begin(), x.end(), bare.x.begin(), bare.x.end()) ||
      !std::equal(ids.begin(), ids.end(), bare.ids.begin(), bare.ids.end())) {
    throw std::logic_error("the runtime and the bare call disagree");
  }
}

// Every call of a round of each subject, in turns; the first round warms up.
void measure(std::vector<Subject>& subjects, int rounds, int calls) {
  for (int round = 0; round <= rounds; ++round) {
    for (Subject& subject : subjects) {
      for (int i = 0; i < calls; ++i) {
        const auto start = std::chrono::steady_clock::now();
        subject.call();
        const std::chrono::duration<double, std::micro> taken = std::chrono::steady_clock::now() - start;
        if (round > 0) subject.times.push_back(taken.count());
      }
    }
  }
  for (Subject& subject : subjects) std::sort(subject.times.begin(), subject.times.end());
}

json percentiles(std::vector<Subject>& subjects, int calls) {
  constexpr int rounds = 20;
  measure(subjects, rounds, std::max(1, calls / rounds));
  json report;
  for (const Subject& subject : subjects) {
    const auto& times = subject.times;
    report[subject.name] = {{"p50_us", times[times.size() / 2]}, {"p99_us", times[times.size() * 99 / 100]}};
  }
  return report;
}

json row(const std::string& artifact, const std::string& empty, const std::string& path, int calls) {
  const std::string body = text_of(path);
  const json cells = json::parse(body);
  Cells columns;
  for (const auto& [name, cell] : cells.items()) columns[name] = {cell};
  const skc::Record record = record_of(cells);
  const skc::Transformer transformer = skc::Transformer::load(artifact);
  Bare bare(artifact + "/model.onnx", json::parse(text_of(artifact + "/manifest.json")), columns, 1);
  const Bare nothing(empty, 13);
  check(bare.run(0, 1), transformer.transform(record));
  std::vector<Subject> subjects = {
      {"empty", [&] { nothing.run_empty(); }, {}},
      {"ready", [&] { bare.run_ready(); }, {}},
      {"bare", [&] { bare.run(0, 1); }, {}},
      {"transform", [&] { transformer.transform(record); }, {}},
      {"transform_json", [&] { transformer.transform_json(body); }, {}},
      {"parse_and_transform", [&] { transformer.transform(record_of(json::parse(body))); }, {}},
  };
  return percentiles(subjects, calls);
}

json signals(const std::string& plain, const std::string& counting, const std::string& path, int calls) {
  const json cells = json::parse(text_of(path));
  const skc::Record record = record_of(cells);
  const skc::Transformer without = skc::Transformer::load(plain);
  const skc::Transformer with = skc::Transformer::load(counting);
  with.signals();  // refuses an artifact that does not count
  std::vector<Subject> subjects = {
      {"plain", [&] { without.transform(record); }, {}},
      {"signals", [&] { with.transform(record); }, {}},
  };
  return percentiles(subjects, calls);
}

json batch(const std::string& artifact, const std::string& path, int repeat) {
  const json given = json::parse(text_of(path));
  Cells cells;
  for (const auto& [name, column] : given.items()) cells[name] = column.get<std::vector<json>>();
  const std::size_t rows = cells.begin()->second.size();
  const skc::Columns columns = columns_of(cells);
  std::vector<skc::Record> records(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    for (const auto& [name, column] : cells) records[i].add(name, value_of(column[i]));
  }
  const skc::Transformer transformer = skc::Transformer::load(artifact);
  const Bare bare(artifact + "/model.onnx", json::parse(text_of(artifact + "/manifest.json")), cells, rows);
  check(bare.run_chunks(), transformer.transform(columns));
  std::vector<Subject> subjects = {
      {"bare", [&] { bare.run(0, rows); }, {}},
      {"bare_chunks", [&] { bare.run_chunks(); }, {}},
      {"columns", [&] { transformer.transform(columns); }, {}},
      {"records", [&] { transformer.transform(records); }, {}},
  };
  measure(subjects, repeat, 1);
  json report;
  for (const Subject& subject : subjects) report[subject.name] = subject.times.front() / 1000;
  return report;
}

}  // namespace

int main(int count, char** arguments) {
  const std::vector<std::string> given(arguments + 1, arguments + count);
  try {
    if (given.size() == 5 && given[0] == "row") {
      std::cout << row(given[1], given[2], given[3], std::stoi(given[4])) << "\n";
    } else if (given.size() == 4 && given[0] == "batch") {
      std::cout << batch(given[1], given[2], std::stoi(given[3])) << "\n";
    } else if (given.size() == 5 && given[0] == "signals") {
      std::cout << signals(given[1], given[2], given[3], std::stoi(given[4])) << "\n";
    } else {
      std::fputs("usage: skc_bench row ARTIFACT EMPTY.onnx RECORD.json CALLS, batch ARTIFACT COLUMNS.json REPEAT, "
                 "or signals PLAIN SIGNALS RECORD.json CALLS\n",
                 stderr);
      return 2;
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
