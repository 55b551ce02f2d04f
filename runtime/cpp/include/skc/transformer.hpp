// `Transformer`: an artifact, loaded and checked, that turns requests into features.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "skc/error.hpp"
#include "skc/outputs.hpp"
#include "skc/record.hpp"
#include "skc/signals.hpp"

namespace skc {

class Log;

namespace detail {
class Source;
}

// How exactly the golden records of an artifact must be reproduced at load: to the bit, or, for another processor architecture, to
// 1e-6 in the columns that are not exact everywhere.
enum class Replay { exact, tolerance };

// What happens to a key of a record, or the name of a column, that is not an input.
enum class Extra { error, ignore };

struct LoadOptions {
  Replay replay = Replay::exact;
  // The shared library of ONNX Runtime, 1.18 or newer. If empty: the environment variable SKC_ONNXRUNTIME_LIBRARY, and
  // without it the library's usual name. A process uses one library: the first.
  std::string onnxruntime_library = {};
  // The identity that the artifact must have: the SHA-256 of its manifest.json, in lower-case hexadecimal.
  std::optional<std::string> expect = {};
  // The public key, as the text of a PEM file, that must have signed the artifact.
  std::optional<std::string> key = {};
  // Is called after each call, by the thread that made it. What it throws is ignored.
  std::function<void(const Call&)> observer = {};
};

struct InputDescription {
  std::string name;
  std::string type;  // float64, int64, bool, string, timestamp or date
  bool nullable;
  std::string nan;  // what NaN means: null or error
  std::optional<std::string> text;  // "number" if a string may hold a number
  std::optional<std::string> timezone;  // that of a timestamp which is a local time
};

struct OutputDescription {
  std::string name;
  std::string dtype;  // float32, float64, int64, bool or string
  std::vector<std::string> columns;
  std::optional<std::string> valid;  // its companion output, if it has one
};

// The inputs and outputs, and the origin of the artifact.
struct Description {
  std::string name;
  std::string identity;  // SHA-256 of manifest.json, which names that of every other file
  std::string signature;  // columns or packed
  std::vector<InputDescription> inputs;
  std::vector<OutputDescription> outputs;
  std::string plan;  // SHA-256 of the frozen pipeline
  std::optional<std::string> tzdata;
  std::string minimum_onnxruntime;
  std::map<std::string, std::string> built_with;
};

// Serves one pipeline. One transformer may be shared by any number of threads; only moving and destroying it must not
// happen while another thread uses it.
class Transformer {
 public:
  // After every check of the runtime contract. Throws ArtifactError, or Error `invalid-option`.
  static Transformer load(const std::string& directory, const LoadOptions& options = {});
  // The same for the bytes of its files, by name.
  static Transformer load_files(const std::map<std::string, std::string>& files, const LoadOptions& options = {});

  Transformer(Transformer&&) noexcept;
  Transformer& operator=(Transformer&&) noexcept;
  Transformer(const Transformer&) = delete;
  Transformer& operator=(const Transformer&) = delete;
  ~Transformer();

  // The features of a request. Throws RecordError with the input and, in a batch, the row; Error `closed`,
  // `run-failed`; ArtifactError `host-arithmetic` on a thread whose floats do not follow IEEE 754.
  Outputs transform(const Record& record, Extra extra = Extra::error) const;
  Outputs transform(const std::vector<Record>& records, Extra extra = Extra::error) const;
  Outputs transform(const Columns& columns, Extra extra = Extra::error) const;

  // The same, each named after its form.
  Outputs transform_record(const Record& record, Extra extra = Extra::error) const;
  Outputs transform_records(const std::vector<Record>& records, Extra extra = Extra::error) const;
  Outputs transform_columns(const Columns& columns, Extra extra = Extra::error) const;

  // The features for a JSON body: `{…}` is a record, `[{…}, …]` are records, and an object whose only key is `columns`,
  // with an object of arrays, is a batch by columns; Outputs::is_single distinguishes a record from a batch. The same bytes are
  // served alike, or refused with the same code, in every language: schemas/requests.v1.json.
  Outputs transform_json(std::string_view body, Extra extra = Extra::error) const;

  // What was counted since the artifact was loaded. Throws Error `invalid-option` if it was not compiled to count.
  Signals signals() const;
  // The same in the text format of Prometheus, with what a log has dropped, if there is one.
  std::string signals_text(const Log* log = nullptr) const;

  // Also after close.
  const Description& describe() const;
  const std::string& identity() const { return describe().identity; }

  // Releases the session. Calls in progress in other threads finish; later ones are refused.
  void close() noexcept;

 private:
  friend class Log;
  class Serving;
  static Transformer load_from(const std::function<std::unique_ptr<detail::Source>()>& open,
                               const LoadOptions& options);
  explicit Transformer(std::unique_ptr<Serving> serving) noexcept;
  Serving& serving() const;

  std::unique_ptr<Serving> serving_;
};

// The version of ONNX Runtime in use: `1.29.0`. Loads the library as Transformer::load does.
std::string onnxruntime_version(const LoadOptions& options = {});

}  // namespace skc
