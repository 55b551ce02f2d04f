#include "golden.hpp"

#include <algorithm>

#include "arithmetic.hpp"
#include "errors.hpp"
#include "golden_values.hpp"

namespace skc::detail {

namespace {

constexpr std::size_t most_records = 10'000;
using Elements = std::map<std::string_view, DType>;  // by input

Record decode_record(const Json& record, const Elements& elements, const std::string& place) {
  if (!record.is_object()) throw_malformed(place, "`record` is not an object");
  Record found;
  for (const auto& [name, value] : record.get_ref<const Json::object_t&>()) {
    const auto element = elements.find(name);
    if (element == elements.end()) throw_malformed(place, shown(name) + " is not an input");
    found.add(name, decode_value(element->second, value, place + "." + name));
  }
  return found;
}

GoldenCase read_case(std::string_view line, const Elements& elements, const std::string& place) {
  const Json document = parse_json(line, place);
  Fields fields(document, place);
  GoldenCase found{place, decode_record(fields.take("record"), elements, place), std::nullopt, {}};
  if (fields.has("error")) {
    Fields error = fields.object("error");
    found.error = error.text("code");
    error.done();
  } else {
    found.outputs = fields.take("outputs");
    if (!found.outputs->is_object()) throw_malformed(place, "`outputs` is not an object");
  }
  fields.done();
  return found;
}

void check_head(std::string_view line) {
  const Json document = parse_json(line, "golden.jsonl:1");
  Fields head(document, "golden.jsonl:1");
  if (head.text("skc") != "golden") throw_malformed("golden.jsonl:1", "this is not a golden.jsonl of skc");
  if (head.number("format", 1, std::int64_t{1} << 53) > 1) {
    throw_artifact("artifact-too-new", "golden.jsonl has a newer format", "install a newer runtime");
  }
  head.done();
}

[[noreturn]] void mismatch(const GoldenCase& golden, const std::string& message, Replay replay) {
  throw_artifact(
      "golden-mismatch", golden.place + ": " + message,
      replay == Replay::exact ? Hint("on another processor architecture, load with Replay::tolerance") : std::nullopt);
}

// If the model does not even run, the artifact is at fault, not a request. Call it in a handler of that error.
[[noreturn]] void refuse_failed(const std::string& place, const Error& error) {
  if (error.code() != "run-failed") throw;
  throw_artifact("golden-mismatch", place + ": " + error.message(), "compile the pipeline again");
}

// The outputs of one case alone; none if it is refused as expected.
std::optional<Outputs> replay_alone(const Transformer& transformer, const GoldenCase& golden, Replay replay) {
  try {
    Outputs outputs = transformer.transform(golden.record);
    if (golden.outputs) return outputs;
  } catch (const RecordError& error) {
    if (error.code() == golden.error) return std::nullopt;
    mismatch(golden, "error `" + error.code() + "` here", replay);
  } catch (const Error& error) {
    refuse_failed(golden.place, error);
  }
  mismatch(golden, "outputs here, error `" + golden.error + "` when compiled", replay);
}

Outputs transformed(const Transformer& transformer, const std::vector<Record>& records) {
  try {
    return transformer.transform(records);
  } catch (const Error& error) {
    refuse_failed("all golden records in one batch", error);
  }
}

// All records in one batch must give exactly the bits that each gave alone.
void replay_batch(const Transformer& transformer, const std::vector<Record>& records,
                  const std::vector<Outputs>& alone) {
  if (records.empty()) return;
  const Outputs together = transformed(transformer, records);
  for (std::size_t row = 0; row < records.size(); ++row) {
    if (const auto difference = batch_difference(alone[row], together, row)) {
      throw_artifact("golden-mismatch", *difference, "please report this; it is not safe to serve");
    }
  }
}

}  // namespace

std::vector<GoldenCase> read_golden(std::string_view text, const Manifest& manifest) {
  if (text.empty()) throw_malformed("golden.jsonl", "the first line is missing");
  if (text.back() != '\n') throw_malformed("golden.jsonl", "the last line has no end");
  const auto records = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) - 1;
  Elements elements;
  for (const InputSpec& input : manifest.inputs) elements.emplace(input.name, element_of(input.type));
  std::vector<GoldenCase> cases;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::size_t end = text.find('\n');
    const std::string_view json = text.substr(0, end);
    if (line == 1) {
      check_head(json);
      if (records < 1 || records > most_records) {  // without a record, replay would prove nothing
        throw_malformed("golden.jsonl", "expected 1 to " + std::to_string(most_records) + " records, got " +
                                            std::to_string(records));
      }
    } else {
      cases.push_back(read_case(json, elements, "golden.jsonl:" + std::to_string(line)));
    }
    text.remove_prefix(end + 1);
  }
  return cases;
}

void replay_golden(const Transformer& transformer, const Manifest& manifest, const std::vector<GoldenCase>& cases,
                   Replay replay) {
  std::vector<Record> records;
  std::vector<Outputs> alone;
  for (const GoldenCase& golden : cases) {
    auto outputs = replay_alone(transformer, golden, replay);
    if (!outputs) continue;
    if (const auto difference = difference_from(*golden.outputs, *outputs, manifest, replay)) {
      mismatch(golden, *difference, replay);
    }
    records.push_back(golden.record);
    alone.push_back(std::move(*outputs));
  }
  replay_batch(transformer, records, alone);
}

}  // namespace skc::detail
