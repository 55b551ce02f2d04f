#include "watch.hpp"

#include <chrono>

#include "strict_json.hpp"

namespace conformance {

namespace {

skc::ReloadOptions options_of(double interval) {
  skc::ReloadOptions options;
  options.interval = std::chrono::milliseconds(static_cast<long>(interval * 1000));
  return options;
}

}  // namespace

Watch::Watch(const std::string& artifact, const skc::Record& row, int threads, double interval)
    : reloadable_(artifact, options_of(interval)) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this, row] { serve(row); });
}

Watch::~Watch() { end(); }

void Watch::serve(const skc::Record& row) {
  while (!is_ended_) {
    try {
      const auto transformer = reloadable_.current();
      static_cast<void>(transformer->transform(row));
      // Another takes its place meanwhile: what is held must serve on.
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      const std::string answer = line_of(answer_of(transformer->transform(row)));
      static_cast<void>(reloadable_.transform(row));
      const std::lock_guard<std::mutex> lock(mutex_);
      ++calls_;
      answers_[transformer->identity()].insert(answer);
    } catch (const skc::Error& error) {
      const std::lock_guard<std::mutex> lock(mutex_);
      errors_.push_back(error.code());
    }
  }
}

Json Watch::told() {
  const std::lock_guard<std::mutex> lock(mutex_);
  Json answers = Json::object();
  for (const auto& [identity, given] : answers_) {
    for (const std::string& line : given) answers[identity].push_back(skc::detail::parse_json(line, "answer")["outputs"]);
  }
  const auto error = reloadable_.last_error();
  return {{"identity", reloadable_.current()->identity()},
          {"calls", calls_},
          {"answers", answers},
          {"errors", errors_},
          {"last_error", error == nullptr ? Json(nullptr) : Json(error->code())}};
}

void Watch::end() {
  is_ended_ = true;
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

}  // namespace conformance
