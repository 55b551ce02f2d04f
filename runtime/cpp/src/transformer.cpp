#include "skc/transformer.hpp"

#include "errors.hpp"
#include "serving.hpp"
#include "skc/log.hpp"

namespace skc {

Transformer::Transformer(std::unique_ptr<Serving> serving) noexcept : serving_(std::move(serving)) {}
Transformer::Transformer(Transformer&&) noexcept = default;
Transformer& Transformer::operator=(Transformer&&) noexcept = default;
Transformer::~Transformer() = default;

Transformer::Serving& Transformer::serving() const {
  if (serving_ == nullptr) detail::throw_runtime("closed", "the transformer was moved from");
  return *serving_;
}

Outputs Transformer::transform(const Record& record, Extra extra) const {
  Serving& own = serving();
  return own.answered([&] { return own.record(record, extra); });
}

Outputs Transformer::transform(const std::vector<Record>& records, Extra extra) const {
  Serving& own = serving();
  return own.answered([&] { return own.records(records, extra); });
}

Outputs Transformer::transform(const Columns& columns, Extra extra) const {
  Serving& own = serving();
  return own.answered([&] { return own.columns(columns, extra); });
}

Outputs Transformer::transform_record(const Record& record, Extra extra) const { return transform(record, extra); }

Outputs Transformer::transform_records(const std::vector<Record>& records, Extra extra) const {
  return transform(records, extra);
}

Outputs Transformer::transform_columns(const Columns& columns, Extra extra) const { return transform(columns, extra); }

Outputs Transformer::transform_json(std::string_view body, Extra extra) const {
  Serving& own = serving();
  return own.answered([&] { return own.json(body, extra); });
}

Signals Transformer::signals() const {
  const detail::CallCounter* counter = serving().counter();
  if (counter == nullptr || !counter->is_counting()) {
    detail::throw_runtime("invalid-option", "the artifact has no signals", "compile the pipeline with --signals");
  }
  return counter->signals();
}

std::string Transformer::signals_text(const Log* log) const {
  const auto dropped = log == nullptr ? std::nullopt : std::optional(log->counts().dropped);
  return detail::exposition(serving().manifest(), signals(), dropped);
}

const Description& Transformer::describe() const { return serving().description(); }

void Transformer::close() noexcept {
  if (serving_ != nullptr) serving_->close();
}

std::string onnxruntime_version(const LoadOptions& options) {
  return detail::OnnxRuntime::open(options.onnxruntime_library).version();
}

}  // namespace skc
