#include "serving.hpp"

#include <algorithm>

#include "arithmetic.hpp"
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
  if (manifest_.guards) output_names_.push_back(manifest_.guards->tensor.c_str());
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
  return run(lease.session(), workspace.feeds, true);
}

Outputs Transformer::Serving::records(const std::vector<Record>& records, Extra extra) {
  detail::check_arithmetic_register();
  return rows(*session(), records, extra, std::nullopt);
}

// `refused` is a row that is not a record, after all of `records`.
Outputs Transformer::Serving::rows(const Session& session, const std::vector<Record>& records, Extra extra,
                                   const detail::RefusedRow& refused) {
  if (records.empty() && !refused) return empty();
  Feeds feeds(runtime_, manifest_, std::max<std::size_t>(records.size(), 1));
  detail::Seen seen;
  for (std::size_t row = 0; row < records.size(); ++row) {
    marshaller_.put_record(records[row], extra, feeds, row, row, seen);
  }
  if (refused) throw *refused;
  return run(session, feeds, false);
}

Outputs Transformer::Serving::columns(const Columns& columns, Extra extra) {
  detail::check_arithmetic_register();
  const auto session = this->session();
  return planned(*session, marshaller_.plan(columns, extra));
}

Outputs Transformer::Serving::planned(const Session& session, const detail::ColumnPlan& plan) {
  if (plan.rows == 0) return empty();
  Feeds feeds(runtime_, manifest_, plan.rows);
  marshaller_.put_columns(plan, feeds);
  return run(session, feeds, false);
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

Outputs Transformer::Serving::run(const Session& session, const Feeds& feeds, bool is_single) const {
  RunOutputs found(runtime_, output_names_.size());
  session.run(input_names_, feeds.values(), output_names_, found.data());
  if (manifest_.guards) refuse_guarded(found, feeds, is_single);
  std::vector<Output> outputs;
  outputs.reserve(results_->size());
  for (std::size_t i = 0; i < results_->size(); ++i) outputs.push_back(found.output(i, (*results_)[i], feeds.rows()));
  return {results_, std::move(outputs), is_single};
}

Outputs Transformer::Serving::empty() const {
  std::vector<Output> outputs;
  for (const OutputInfo& info : *results_) outputs.push_back(detail::empty_output(info));
  return {results_, std::move(outputs), false};
}

// The first guarded row, and in it the first guard.
void Transformer::Serving::refuse_guarded(const RunOutputs& found, const Feeds& feeds, bool is_single) const {
  const auto& columns = manifest_.guards->columns;
  const std::size_t count = feeds.rows() * columns.size();
  const bool* hits = found.flags(results_->size(), count);
  const auto place = static_cast<std::size_t>(std::find(hits, hits + count, true) - hits);
  if (place == count) return;
  const auto& guard = columns[place % columns.size()];
  const std::size_t row = place / columns.size();
  std::string message = "step `" + guard.step + "` refuses the value of `" + guard.input + "`";
  for (const detail::InputSpec& input : manifest_.inputs) {
    if (input.name == guard.input) message += "; the request has " + feeds.shown_at(input, row);
  }
  const auto error_row = is_single ? std::nullopt : std::optional(row);
  throw RecordError({guard.code, std::move(message), guard.input, error_row,
                     "the pipeline declares `error` for this; to change the policy, edit the pipeline and compile again",
                     guard.step});
}

}  // namespace skc
