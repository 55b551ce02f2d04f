// `golden.jsonl`: records with the exact outputs they must give.
//
// Why: the same graph on another processor, another ONNX Runtime, or a thread that flushes denormals may produce
// other bits. Replaying a few records at load detects that before the first request does. In its JSON int64,
// timestamp and date are decimal strings; a float is a number, or one of "NaN", "Infinity", "-Infinity", "-0.0"; null
// is null, and a missing key is absent.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "manifest.hpp"
#include "skc/transformer.hpp"
#include "strict_json.hpp"

namespace skc::detail {

// A record, and either its outputs or the code of the error it must give; outputs and error in JSON form.
struct GoldenCase {
  std::string place;  // golden.jsonl:2
  Record record;
  std::optional<Json> outputs;
  std::string error;
};

// Throws `artifact-malformed`, `artifact-too-new`.
std::vector<GoldenCase> read_golden(std::string_view text, const Manifest& manifest);

// Runs every case alone, then all with outputs as one batch. Throws `golden-mismatch`.
void replay_golden(const Transformer& transformer, const Manifest& manifest, const std::vector<GoldenCase>& cases,
                   Replay replay);

}  // namespace skc::detail
