// `manifest.json` as plain data: what a runtime needs to feed the graph and to read its outputs.
//
// Why so strict: the manifest is the contract of every language, and the file that an attacker would edit. Anything
// that deviates from `schemas/manifest.v1.schema.json`, or is inconsistent, is refused before any other file of the
// artifact is read.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "skc/outputs.hpp"
#include "skc/transformer.hpp"

namespace skc::detail {

inline constexpr int format = 1;

enum class InputType { float64, float32, int64, boolean, string, timestamp, date, time };

// A column of an input tensor; `tensor` is its index in Manifest::tensors.
struct Slot {
  std::size_t tensor;
  std::size_t column;
};

// One input of a request. `valid` is the slot for the validity of a nullable input that is not a float.
struct InputSpec {
  std::string name;
  InputType type;
  bool is_nullable;
  bool refuses_nan;
  Slot slot;
  std::optional<Slot> valid;
  bool reads_numbers;  // whether a string may hold a number
  std::optional<std::string> timezone;  // of a timestamp that is a local time
};

// An input tensor [N, width] of the graph.
struct TensorSpec {
  std::string name;
  DType dtype;
  std::size_t width;
};

// An output tensor [N, columns]. Columns that are `exact` agree to the bit on every machine.
struct OutputSpec {
  OutputInfo info;
  std::vector<bool> exact;
  bool has_valid;
  std::string valid_name() const { return info.name + ".valid"; }
};

// One column of the guards: rows where column `input` of `step` violated a policy of `error`.
struct GuardColumn {
  std::string code;
  std::string step;
  std::string input;
};

// The bool output [N, columns] that marks the rows that must not be served.
struct Guards {
  std::string tensor;
  std::vector<GuardColumn> columns;
};

// One column of the signals: rows whose value in column `input` of `step` is served, and is of this kind. `training` is the share
// of such rows in training, a decimal; empty if it is not known.
struct SignalColumn {
  std::string kind;
  std::string step;
  std::string input;
  std::string training;
};

// The bool output [N, columns] that is counted, and never returned.
struct SignalSpec {
  std::string tensor;
  std::vector<SignalColumn> columns;
};

// What a request log must not show: inputs that it leaves out, or writes as a salted hash.
struct LogSpec {
  std::vector<std::string> omit;
  std::vector<std::string> hash;
};

struct Manifest {
  std::string identity;  // SHA-256 of manifest.json
  std::string name;
  bool is_packed;
  std::vector<InputSpec> inputs;
  std::vector<TensorSpec> tensors;
  std::vector<OutputSpec> outputs;
  std::optional<Guards> guards;
  std::string minimum_onnxruntime;
  std::map<std::string, std::string> files;  // SHA-256 in hex, by name
  std::string plan;                          // that of plan.json
  std::optional<std::string> tzdata;
  std::map<std::string, std::string> built_with;
  LogSpec log;
  std::optional<SignalSpec> signals;
};

DType element_of(InputType type) noexcept;
bool is_float(InputType type) noexcept;  // so that its null is NaN
bool is_number(InputType type) noexcept;
std::string_view name_of(InputType type) noexcept;

// Throws `artifact-malformed`, `artifact-too-new`, `artifact-unsafe`.
Manifest read_manifest(std::string_view json);

// Throws if `files` does not name every file that an artifact on disk must have.
void verify_files(const Manifest& manifest);

// Every output of a request: those of the manifest, then their companions `NAME.valid`.
std::vector<OutputInfo> result_infos(const Manifest& manifest);

Description describe(const Manifest& manifest);

}  // namespace skc::detail
