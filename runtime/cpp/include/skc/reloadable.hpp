// `Reloadable`: always serves the newest artifact in a folder that is replaced while serving.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "skc/transformer.hpp"

namespace skc {

struct ReloadOptions {
  LoadOptions load = {};
  std::chrono::milliseconds interval{1000};  // between two checks; zero to check only when `reload` is called
  // Is called with the reason if a new artifact is refused, by the thread that watches. It must not throw.
  std::function<void(const Error&)> on_error = {};
};

// Any number of threads may use one.
//
// Why polling: it works on every file system, for a folder that is renamed into place, a link that is switched and the
// ..data of Kubernetes alike. A new artifact is loaded next to the old one, with every check of Transformer::load, and takes
// its place only then. A call in progress keeps the transformer that it started with, which is released when the last call
// that holds it has ended: no call fails, and no answer mixes two artifacts.
class Reloadable {
 public:
  // The first artifact must load: throws what Transformer::load throws, and `invalid-option`.
  explicit Reloadable(const std::string& directory, const ReloadOptions& options = {});
  Reloadable(const Reloadable&) = delete;
  Reloadable& operator=(const Reloadable&) = delete;
  ~Reloadable();

  // The current transformer. It stays usable for as long as it is held: take it once for calls that belong together.
  // Throws `closed`.
  std::shared_ptr<const Transformer> current() const;

  // Those of the current transformer.
  Outputs transform(const Record& record, Extra extra = Extra::error) const;
  Outputs transform(const std::vector<Record>& records, Extra extra = Extra::error) const;
  Outputs transform(const Columns& columns, Extra extra = Extra::error) const;
  Outputs transform_json(std::string_view body, Extra extra = Extra::error) const;

  // Checks now. Whether a new artifact is serving; a refusal is thrown, and the old one keeps serving.
  bool reload();

  // Why the newest artifact was refused; null if the newest is serving.
  std::shared_ptr<const Error> last_error() const;

  // Stops watching, and releases the transformer when the calls in progress have ended; later ones are refused. It must not
  // be called by `on_error`.
  void close() noexcept;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace skc
