// The implementation of a Transformer: the manifest, the session, and buffers for single records.
#pragma once

#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "json_request.hpp"
#include "marshal.hpp"
#include "results.hpp"
#include "session.hpp"
#include "skc/transformer.hpp"

namespace skc {

class Transformer::Serving {
 public:
  Serving(const detail::OnnxRuntime& runtime, detail::Manifest manifest, std::string_view model);

  const detail::Manifest& manifest() const noexcept { return manifest_; }
  const Description& description() const noexcept { return description_; }

  Outputs record(const Record& record, Extra extra);
  Outputs records(const std::vector<Record>& records, Extra extra);
  Outputs columns(const Columns& columns, Extra extra);
  Outputs json(std::string_view body, Extra extra);

  // The session, for inspection. Throws `closed`.
  std::shared_ptr<const detail::Session> session();
  void close() noexcept;

 private:
  // The tensors of one row, reused by one call at a time: creating them would cost as much as the graph.
  struct Workspace {
    Workspace(const detail::OnnxRuntime& runtime, const detail::Manifest& manifest) : feeds(runtime, manifest, 1) {}
    detail::Feeds feeds;
    detail::Seen seen;
  };
  class Lease;

  Outputs rows(const detail::Session& session, const std::vector<Record>& records, Extra extra,
               const detail::RefusedRow& refused);
  Outputs planned(const detail::Session& session, const detail::ColumnPlan& plan);
  Outputs run(const detail::Session& session, const detail::Feeds& feeds, bool is_single) const;
  Outputs empty() const;
  void refuse_guarded(const detail::RunOutputs& found, const detail::Feeds& feeds, bool is_single) const;

  const detail::OnnxRuntime& runtime_;
  const detail::Manifest manifest_;
  const Description description_;
  const detail::Marshaller marshaller_;
  const std::shared_ptr<const std::vector<OutputInfo>> results_;
  std::vector<const char*> input_names_;
  std::vector<const char*> output_names_;  // the results, then the guards

  std::mutex mutex_;  // of what follows
  std::shared_ptr<const detail::Session> session_;
  std::vector<std::unique_ptr<Workspace>> idle_;
};

}  // namespace skc
