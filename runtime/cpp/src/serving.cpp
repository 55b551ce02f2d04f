#include "serving.hpp"

#include <algorithm>

#include "arithmetic.hpp"
#include "chunks.hpp"
#include "errors.hpp"

namespace skc {

using detail::Feeds;
using detail::RunOutputs;
using detail::Session;

// The session for the duration of a call, and a workspace of its own. Both are taken under one lock.
class Transformer::Serving::Lease {
 public:
  explicit Lease(Serving& serving) : serving_(serving) {
    {
      const std::lock_guard<std::mutex> lock(serving.mutex_);
      session_ = serving.session_;
      if (session_ != nullptr && !serving.idle_.empty()) {
        workspace_ = std::move(serving.idle_.back());
        serving.idle_.pop_back();
      }
    }
    if (session_ == nullptr) detail::throw_runtime("closed", "the transformer is closed", "load the artifact again");
    if (workspace_ == nullptr) workspace_ = std::make_unique<Workspace>(serving.runtime_, serving.manifest_);
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease() {
    try {
      const std::lock_guard<std::mutex> lock(serving_.mutex_);
      if (serving_.session_ != nullptr) serving_.idle_.push_back(std::move(workspace_));
    } catch (...) {  // no memory to keep it: the next call creates another
    }
  }

  const Session& session() const noexcept { return *session_; }
  Workspace& workspace() const noexcept { return *workspace_; }

 private:
  Serving& serving_;
  std::shared_ptr<const Session> session_;
  std::unique_ptr<Workspace> workspace_;
};

Transformer::Serving::Serving(const detail::OnnxRuntime& runtime, detail::Manifest manifest, std::string_view model)
    : runtime_(runtime),
      manifest_(std::move(manifest)),
      description_(detail::describe(manifest_)),
      marshaller_(manifest_),
      results_(std::make_shared<const std::vector<OutputInfo>>(detail::result_infos(manifest_))),
      session_(std::make_shared<const Session>(runtime, model)) {
  for (const auto& tensor : manifest_.tensors) input_names_.push_back(tensor.name.c_str());
  for (const auto& result : *results_) output_names_.push_back(result.name.c_str());
  if (manifest_.signals) output_names_.push_back(manifest_.signals->tensor.c_str());
  if (manifest_.guards) output_names_.push_back(manifest_.guards->tensor.c_str());
}

void Transformer::Serving::watch(std::function<void(const Call&)> observer) {
  if (!manifest_.signals && !observer) return;
  counter_ = std::make_unique<detail::CallCounter>(manifest_, std::move(observer));
}

std::shared_ptr<const Session> Transformer::Serving::session() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (session_ == nullptr) detail::throw_runtime("closed", "the transformer is closed", "load the artifact again");
  return session_;
}

void Transformer::Serving::close() noexcept {
  std::shared_ptr<const Session> session;
  std::vector<std::unique_ptr<Workspace>> idle;
  const std::lock_guard<std::mutex> lock(mutex_);
  session.swap(session_);
  idle.swap(idle_);
}

Outputs Transformer::Serving::record(const Record& record, Extra extra) {
  detail::check_arithmetic_register();
  const Lease lease(*this);
  Workspace& workspace = lease.workspace();
  marshaller_.put_record(record, extra, workspace.feeds, 0, std::nullopt, workspace.seen);
  std::vector<Output> outputs = new_outputs(1);
  run_record(lease.session(), workspace, outputs);
  return {results_, std::move(outputs), true};
}

Outputs Transformer::Serving::records(const std::vector<Record>& records, Extra extra) {
  detail::check_arithmetic_register();
  return rows(*session(), records, extra, std::nullopt);
}

// `refused` is a row that is not a record, after all of `records`.
Outputs Transformer::Serving::rows(const Session& session, const std::vector<Record>& records, Extra extra,
                                   const detail::RefusedRow& refused) {
  const auto put = [&](std::size_t start, Feeds& feeds) {
    detail::Seen seen;
    for (std::size_t row = 0; row < feeds.rows(); ++row) {
      marshaller_.put_record(records[start + row], extra, feeds, row, start + row, seen);
    }
  };
  const auto check = [&] {
    Feeds feeds(runtime_, manifest_, 1);
    for (std::size_t row = 0; row < records.size(); ++row) put(row, feeds);
  };
  if (refused) {
    check();
    throw *refused;
  }
  return batch(session, records.size(), put, check);
}

Outputs Transformer::Serving::columns(const Columns& columns, Extra extra) {
  detail::check_arithmetic_register();
  const auto session = this->session();
  return planned(*session, marshaller_.plan(columns, extra));
}

Outputs Transformer::Serving::planned(const Session& session, const detail::ColumnPlan& plan) {
  const auto put = [&](std::size_t start, Feeds& feeds) { marshaller_.put_columns(plan, start, feeds); };
  return batch(session, plan.rows, put, [&] {
    Feeds feeds(runtime_, manifest_, detail::chunk_rows);
    marshaller_.check_columns(plan, feeds);
  });
}

Outputs Transformer::Serving::json(std::string_view body, Extra extra) {
  detail::check_arithmetic_register();
  const auto session = this->session();
  detail::JsonRequest request = detail::read_request(body);
  if (const auto* one = std::get_if<Record>(&request)) return record(*one, extra);
  if (const auto* many = std::get_if<detail::JsonRecords>(&request)) {
    return rows(*session, many->records, extra, many->refused);
  }
  return planned(*session, marshaller_.plan(std::get<detail::JsonColumns>(request).given(), extra));
}

template <class Put, class Check>
Outputs Transformer::Serving::batch(const Session& session, std::size_t rows, const Put& put,
                                    const Check& check) const {
  constexpr std::size_t most = detail::chunk_rows;
  std::vector<Output> outputs = new_outputs(rows);
  detail::SignalTally tally(is_counting() ? manifest_.signals->columns.size() : 0);
  const auto new_worker = [&] {
    // Tensors for whole chunks, and for those that a long text makes shorter.
    return [&, whole = std::unique_ptr<Feeds>(), part = std::unique_ptr<Feeds>()](std::size_t chunk) mutable {
      const std::size_t first = chunk * most, count = std::min(most, rows - first);
      Feeds& feeds = resized(whole, count);
      feeds.forget_lengths();
      put(first, feeds);
      if (count * feeds.longest() <= detail::chunk_text) return run(session, feeds, first, outputs, tally);
      const auto longest_in = [&](std::size_t row) { return feeds.longest_in(row); };
      for (std::size_t start = 0, end; start < count; start = end) {
        end = detail::end_of_chunk(start, count, longest_in);
        put(first + start, resized(part, end - start));
        run(session, *part, first + start, outputs, tally);
      }
    };
  };
  try {
    detail::for_each_chunk((rows + most - 1) / most, new_worker);
  } catch (const RecordError&) {  // a later chunk may have values that are refused before a graph refuses any
    if (rows > most) check();
    throw;
  }
  if (is_counting()) counter_->batch(rows, tally.counts());
  return {results_, std::move(outputs), false};
}

Feeds& Transformer::Serving::resized(std::unique_ptr<Feeds>& feeds, std::size_t rows) const {
  if (feeds == nullptr || feeds->rows() != rows) feeds = std::make_unique<Feeds>(runtime_, manifest_, rows);
  return *feeds;
}

std::vector<Output> Transformer::Serving::new_outputs(std::size_t rows) const {
  std::vector<Output> outputs;
  outputs.reserve(results_->size());
  for (const OutputInfo& info : *results_) outputs.push_back(detail::new_output(info, rows));
  return outputs;
}

void Transformer::Serving::run_record(const Session& session, const Workspace& workspace,
                                      std::vector<Output>& outputs) const {
  RunOutputs found(runtime_, output_names_.size());
  if (workspace.signals) found.lend(results_->size(), *workspace.signals);
  session.run(input_names_, workspace.feeds.values(), output_names_, found.data());
  if (manifest_.guards) refuse_guarded(found, workspace.feeds, std::nullopt);
  if (is_counting()) counter_->row(workspace.signals->data());
  for (std::size_t i = 0; i < outputs.size(); ++i) found.copy(i, 1, outputs[i], 0);
}

void Transformer::Serving::run(const Session& session, const Feeds& feeds, std::size_t start,
                               std::vector<Output>& outputs, detail::SignalTally& tally) const {
  RunOutputs found(runtime_, output_names_.size());
  session.run(input_names_, feeds.values(), output_names_, found.data());
  if (manifest_.guards) refuse_guarded(found, feeds, start);
  if (is_counting()) {
    tally.add(found.flags(results_->size(), feeds.rows() * manifest_.signals->columns.size()), feeds.rows());
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) found.copy(i, feeds.rows(), outputs[i], start);
}

// The first guarded row, and in it the first guard.
void Transformer::Serving::refuse_guarded(const RunOutputs& found, const Feeds& feeds,
                                          std::optional<std::size_t> start) const {
  const auto& columns = manifest_.guards->columns;
  const std::size_t count = feeds.rows() * columns.size();
  const bool* hits = found.flags(output_names_.size() - 1, count);
  const auto place = static_cast<std::size_t>(std::find(hits, hits + count, true) - hits);
  if (place == count) return;
  const auto& guard = columns[place % columns.size()];
  const std::size_t row = place / columns.size();
  std::string message = "step `" + guard.step + "` refuses the value of `" + guard.input + "`";
  for (const detail::InputSpec& input : manifest_.inputs) {
    if (input.name == guard.input) message += "; the request has " + feeds.shown_at(input, row);
  }
  const auto error_row = start ? std::optional(*start + row) : std::nullopt;
  throw RecordError({guard.code, std::move(message), guard.input, error_row,
                     "the pipeline declares `error` for this; to change the policy, edit the pipeline and compile again",
                     guard.step});
}

}  // namespace skc
