#include "manifest_checks.hpp"

#include <algorithm>
#include <set>

#include "errors.hpp"
#include "strict_json.hpp"
#include "utf8.hpp"

namespace skc::detail {

namespace {

constexpr std::size_t most_files = 100;

// Of ASCII, as `is_digit` is.
bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
bool is_word(char c) noexcept { return is_digit(c) || is_lower(c) || is_upper(c) || c == '_'; }

template <class Predicate>
bool all_of(std::string_view text, Predicate predicate) {
  return std::all_of(text.begin(), text.end(), predicate);
}

// Applies the rule to the parts of a text between separators; false at the first violation.
template <class Rule>
bool all_parts(std::string_view text, char separator, Rule rule) {
  for (std::size_t i = 0;; ++i) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (!rule(text.substr(0, end), i)) return false;
    if (end == text.size()) return true;
    text.remove_prefix(end + 1);
  }
}

void verify_unique(const std::string& what, const std::vector<std::string>& names) {
  std::set<std::string_view> seen;
  for (const std::string& name : names) {
    if (!seen.insert(name).second) throw_malformed("manifest.json." + what, "duplicate name " + shown(name));
  }
}

// The columns of all tensors that no slot has claimed yet.
class FreeColumns {
 public:
  explicit FreeColumns(const std::vector<TensorSpec>& tensors) : tensors_(tensors) {
    for (const TensorSpec& tensor : tensors) free_.emplace_back(tensor.width, true);
  }

  bool claim(const Slot& slot, DType element) {
    if (slot.column >= tensors_[slot.tensor].width || tensors_[slot.tensor].dtype != element) return false;
    if (!free_[slot.tensor][slot.column]) return false;
    free_[slot.tensor][slot.column] = false;
    return true;
  }

 private:
  const std::vector<TensorSpec>& tensors_;
  std::vector<std::vector<bool>> free_;
};

void claim(FreeColumns& free, const InputSpec& input, const Slot& slot, DType element) {
  if (free.claim(slot, element)) return;
  throw_malformed("manifest.json.inputs `" + input.name + "`",
                  "no free " + std::string(skc::name_of(element)) + " column at its place");
}

// Every column of every tensor is fed by exactly one slot of its element type.
void verify_slots(const Manifest& manifest) {
  std::size_t slots = 0, columns = 0;
  for (const InputSpec& input : manifest.inputs) slots += input.valid ? 2 : 1;
  for (const TensorSpec& tensor : manifest.tensors) columns += tensor.width;
  if (columns > slots) throw_malformed("manifest.json.tensors", "some columns are not fed by any input");
  FreeColumns free(manifest.tensors);
  for (const InputSpec& input : manifest.inputs) {
    if (input.valid.has_value() != (input.is_nullable && !is_float(input.type))) {
      throw_malformed("manifest.json.inputs `" + input.name + "`",
                      "`valid` is only for nullable inputs that are not floats");
    }
    claim(free, input, input.slot, element_of(input.type));
    if (input.valid) claim(free, input, *input.valid, DType::boolean);
  }
  for (const TensorSpec& tensor : manifest.tensors) {
    if (!manifest.is_packed && tensor.width != 1) {
      throw_malformed("manifest.json.tensors", "with signature `columns` every tensor has one column");
    }
  }
}

void verify_outputs(const Manifest& manifest) {
  std::vector<std::string> names;
  for (const OutputInfo& info : result_infos(manifest)) names.push_back(info.name);
  if (manifest.guards) names.push_back(manifest.guards->tensor);
  if (manifest.signals) names.push_back(manifest.signals->tensor);
  verify_unique("outputs", names);
  for (const OutputSpec& output : manifest.outputs) {
    const std::string place = "manifest.json.outputs `" + output.info.name + "`";
    if (output.info.columns.size() != output.exact.size()) {
      throw_malformed(place, "`columns` and `exact` differ in length");
    }
    const bool is_float = output.info.dtype == DType::float32 || output.info.dtype == DType::float64;
    if (output.has_valid && is_float) throw_malformed(place, "a float output must not have `valid`: its null is NaN");
  }
}

// Each name is an input, and is left out or hashed, not both.
void verify_log(const Manifest& manifest) {
  std::vector<std::string> listed = manifest.log.omit;
  listed.insert(listed.end(), manifest.log.hash.begin(), manifest.log.hash.end());
  verify_unique("log", listed);
  std::set<std::string_view> names;
  for (const InputSpec& input : manifest.inputs) names.insert(input.name);
  for (const std::string& name : listed) {
    if (names.count(name) == 0) throw_malformed("manifest.json.log", shown(name) + " is not an input");
  }
}

void verify_names(const Manifest& manifest) {
  if (!is_sha256(manifest.plan)) {
    throw_malformed("manifest.json.plan", shown(manifest.plan) + " is not a SHA-256 in hex");
  }
  if (manifest.files.size() > most_files) {
    throw_malformed("manifest.json.files", std::to_string(manifest.files.size()) + " files exceed the limit of " +
                                               std::to_string(most_files));
  }
  for (const auto& [name, digest] : manifest.files) {
    if (!is_file_name(name)) {
      throw_artifact("artifact-unsafe",
                     "manifest.json lists the file " + shown(name) + ", which is not a plain file name",
                     "do not serve this artifact");
    }
    if (!is_sha256(digest)) {
      throw_malformed("manifest.json.files " + shown(name), shown(digest) + " is not a SHA-256 in hex");
    }
  }
}

}  // namespace

bool is_code(std::string_view text) noexcept {
  return all_parts(text, '-', [](std::string_view part, std::size_t i) {
    if (part.empty() || (i == 0 && !is_lower(part[0]))) return false;
    return all_of(part, [](char c) { return is_lower(c) || is_digit(c); });
  });
}

bool is_version(std::string_view text) noexcept {
  const auto points = std::count(text.begin(), text.end(), '.');
  if (points < 1 || points > 3) return false;
  return all_parts(text, '.', [](std::string_view part, std::size_t) {
    return !part.empty() && part.size() <= 6 && all_of(part, is_digit);
  });
}

bool is_share(std::string_view text) noexcept {
  if (text == "0" || text == "1") return true;
  return text.size() > 2 && text.size() <= 14 && text.substr(0, 2) == "0." && all_of(text.substr(2), is_digit);
}

bool is_sha256(std::string_view text) noexcept {
  return text.size() == 64 && all_of(text, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}

bool is_file_name(std::string_view text) noexcept {
  if (text.empty() || text.size() > 128 || !is_word(text[0])) return false;
  return all_of(text, [](char c) { return is_word(c) || c == '.' || c == '-'; });
}

void verify_consistency(const Manifest& manifest) {
  std::vector<std::string> names;
  for (const InputSpec& input : manifest.inputs) names.push_back(input.name);
  verify_unique("inputs", names);
  verify_slots(manifest);
  verify_outputs(manifest);
  verify_log(manifest);
  verify_names(manifest);
}

void verify_files(const Manifest& manifest) {
  for (const char* name : {"model.onnx", "plan.json", "golden.jsonl"}) {
    if (manifest.files.count(name) == 0) {
      throw_malformed("manifest.json.files", "`" + std::string(name) + "` is missing");
    }
  }
  if (manifest.plan != manifest.files.at("plan.json")) {
    throw_malformed("manifest.json.plan", "not the SHA-256 that `files` gives for plan.json");
  }
}

}  // namespace skc::detail
