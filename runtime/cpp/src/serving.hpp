// The implementation of a Transformer: the manifest, the session, and buffers for single records.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "call_counter.hpp"
#include "json_request.hpp"
#include "marshal.hpp"
#include "results.hpp"
#include "session.hpp"
#include "skc/transformer.hpp"

namespace skc {

class Transformer::Serving {
 public:
  Serving(const detail::OnnxRuntime& runtime, detail::Manifest manifest, std::string_view model);

  const detail::OnnxRuntime& runtime() const noexcept { return runtime_; }
  const detail::Manifest& manifest() const noexcept { return manifest_; }
  const Description& description() const noexcept { return description_; }

  Outputs record(const Record& record, Extra extra);
  Outputs records(const std::vector<Record>& records, Extra extra);
  Outputs columns(const Columns& columns, Extra extra);
  Outputs json(std::string_view body, Extra extra);

  // Begins to count from 0, and to tell the observer, if there is one; before any other thread uses it.
  void watch(std::function<void(const Call&)> observer);
  const detail::CallCounter* counter() const noexcept { return counter_.get(); }
  // The outputs of a call, counted.
  template <class Work>
  Outputs answered(const Work& work) {
    if (counter_ == nullptr) return work();
    const auto started = detail::CallCounter::Clock::now();
    try {
      Outputs outputs = work();
      counter_->ended(outputs.rows(), started, nullptr);
      return outputs;
    } catch (const Error& error) {
      counter_->ended(0, started, &error);
      throw;
    }
  }

  // The session, for inspection. Throws `closed`.
  std::shared_ptr<const detail::Session> session();
  void close() noexcept;

 private:
  // The tensors of one row, reused by one call at a time: creating them would cost as much as the graph.
  struct Workspace {
    Workspace(const detail::OnnxRuntime& runtime, const detail::Manifest& manifest) : feeds(runtime, manifest, 1) {
      if (manifest.signals) signals.emplace(runtime, manifest.signals->columns.size());
    }
    detail::Feeds feeds;
    detail::Seen seen;
    std::optional<detail::Flags> signals;
  };
  class Lease;

  Outputs rows(const detail::Session& session, const std::vector<Record>& records, Extra extra,
               const detail::RefusedRow& refused);
  Outputs planned(const detail::Session& session, const detail::ColumnPlan& plan);
  // `put(start, feeds)` writes the rows of a request from `start` on, as many as the tensors have; `check()` throws what is
  // refused first of all its rows. Without rows nothing is run, so that no operator has to handle an empty tensor.
  template <class Put, class Check>
  Outputs batch(const detail::Session& session, std::size_t rows, const Put& put, const Check& check) const;
  detail::Feeds& resized(std::unique_ptr<detail::Feeds>& feeds, std::size_t rows) const;
  std::vector<Output> new_outputs(std::size_t rows) const;
  // Writes the features of a single record, and counts its signals; its error has no row.
  void run_record(const detail::Session& session, const Workspace& workspace, std::vector<Output>& outputs) const;
  // Writes the features of a batch's rows from `start` on. Its signals are added to the tally, until all of it is served.
  void run(const detail::Session& session, const detail::Feeds& feeds, std::size_t start, std::vector<Output>& outputs,
           detail::SignalTally& tally) const;
  bool is_counting() const noexcept { return counter_ != nullptr && counter_->is_counting(); }
  void refuse_guarded(const detail::RunOutputs& found, const detail::Feeds& feeds,
                      std::optional<std::size_t> start) const;

  const detail::OnnxRuntime& runtime_;
  const detail::Manifest manifest_;
  const Description description_;
  const detail::Marshaller marshaller_;
  const std::shared_ptr<const std::vector<OutputInfo>> results_;
  std::vector<const char*> input_names_;
  std::vector<const char*> output_names_;  // the results, then the signals, then the guards
  std::unique_ptr<detail::CallCounter> counter_;  // null if nothing is counted and there is no observer

  std::mutex mutex_;  // of what follows
  std::shared_ptr<const detail::Session> session_;
  std::vector<std::unique_ptr<Workspace>> idle_;
};

}  // namespace skc
