// The conformance executor of C++: one JSON request per line on stdin, one JSON answer per line on stdout. It holds no
// rule of the contract; tests/conformance/README.md is its protocol.
#include <atomic>
#include <cfenv>
#include <clocale>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <locale>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

#include "answers.hpp"
#include "cells.hpp"
#include "log.hpp"
#include "strict_json.hpp"
#include "watch.hpp"

namespace conformance {

namespace {

[[noreturn]] void refuse_option(const std::string& message) { throw skc::Error({"invalid-option", message}); }

// The host of a runtime may have set any locale, and the environment chooses one here.
void take_locale_of_environment() {
  std::setlocale(LC_ALL, "");
  try {
    std::locale::global(std::locale(""));
  } catch (const std::runtime_error&) {  // this machine does not have it
  }
}

bool set_flush_to_zero([[maybe_unused]] bool is_on) {
#if defined(__SSE2__)
  constexpr unsigned flush_to_zero = 1u << 15, denormals_are_zero = 1u << 6;
  const unsigned others = _mm_getcsr() & ~(flush_to_zero | denormals_are_zero);
  _mm_setcsr(is_on ? others | flush_to_zero | denormals_are_zero : others);
  return true;
#else
  return !is_on;
#endif
}

Json set_arithmetic(const Json& request) {
  static const std::map<std::string, int> modes = {
      {"nearest", FE_TONEAREST}, {"up", FE_UPWARD}, {"down", FE_DOWNWARD}, {"zero", FE_TOWARDZERO}};
  const auto mode = modes.find(request.value("rounding", "nearest"));
  if (mode == modes.end()) refuse_option("there is no such rounding");
  const bool is_set = set_flush_to_zero(request.value("flush_to_zero", false)) && std::fesetround(mode->second) == 0;
  return {{"set", is_set}};
}

skc::Extra extra_of(const Json& request) {
  const std::string word = request.value("extra", "error");
  if (word != "error" && word != "ignore") refuse_option("extra is error or ignore, not " + word);
  return word == "error" ? skc::Extra::error : skc::Extra::ignore;
}

// What any call gives, also when it is refused: the outputs or the error, as the line that answers.
template <class Call>
std::string line_of_call(const Call& call) {
  try {
    return line_of(call());
  } catch (const skc::Error& error) {
    return line_of(answer_of(error));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "skc_conformance: %s\n", error.what());
    return line_of(answer_of(skc::Error({"invalid-option", error.what()})));
  }
}

class Executor {
 public:
  Json answer(const Json& request) {
    const std::string task = request.at("do").get<std::string>();
    if (task == "hello") return hello();
    if (task == "load") return load(request);
    if (task == "rows") return keep_rows(request);
    if (task == "transform") return transform(request);
    if (task == "threads") return threads(request);
    if (task == "signals") return signals(request);
    if (task == "log") return log(loaded(), request);
    if (task == "describe") return answer_of(loaded().describe());
    if (task == "arithmetic") return set_arithmetic(request);
    if (task == "close") return close();
    if (task == "watch") return watch(request);
    if (task == "watched") return watch_.value().told();
    if (task == "unwatch") return unwatch();
    refuse_option("there is no request " + task);
  }

 private:
  static Json hello() {
    return {{"language", "cpp"}, {"onnxruntime", skc::onnxruntime_version()}, {"cannot", cannot()}};
  }

  static std::vector<std::string> cannot() {
    std::vector<std::string> kinds = inexpressible();
    kinds.push_back("zip");  // C++ has no reader of archives, and this library brings none
    return kinds;
  }

  Json load(const Json& request) {
    const std::string replay = request.value("replay", "exact");
    if (replay != "exact" && replay != "tolerance") refuse_option("replay is exact or tolerance, not " + replay);
    if (transformer_) transformer_->close();
    skc::LoadOptions options;
    options.replay = replay == "exact" ? skc::Replay::exact : skc::Replay::tolerance;
    if (request.contains("expect")) options.expect = request.at("expect").get<std::string>();
    if (request.contains("key")) options.key = request.at("key").get<std::string>();
    calls_ = Json::array();
    if (request.value("observe", false)) options.observer = [this](const skc::Call& call) { observe(call); };
    const std::string artifact = request.at("artifact").get<std::string>();
    if (request.value("from", "folder") == "files") {
      transformer_ = skc::Transformer::load_files(files_of(artifact), options);
    } else {
      transformer_ = skc::Transformer::load(artifact, options);
    }
    return {{"loaded", true}};
  }

  static std::map<std::string, std::string> files_of(const std::string& folder) {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      std::ifstream file(entry.path(), std::ios::binary);
      files[entry.path().filename().string()] = {std::istreambuf_iterator<char>(file), {}};
    }
    return files;
  }

  Json keep_rows(const Json& request) {
    rows_.clear();
    for (const Json& cells : request.at("rows")) rows_.push_back(record_of(cells));
    return {{"rows", rows_.size()}};
  }

  Json transform(const Json& request) const {
    const std::string form = request.at("form").get<std::string>();
    if (form == "columns" && request.contains("columns")) {
      return answer_of(loaded().transform_columns(columns_of(request.at("columns")), extra_of(request)));
    }
    if (form == "json") {
      return answer_of(loaded().transform_json(body_of(request.at("body")), extra_of(request)));
    }
    const std::vector<skc::Record> taken = take(request.at("take"));
    const skc::Extra extra = extra_of(request);
    if (form == "record") return answer_of(loaded().transform_record(taken.at(0), extra));
    if (form == "records") return answer_of(loaded().transform_records(taken, extra));
    if (form == "columns") return answer_of(loaded().transform_columns(columns_of(taken), extra));
    refuse_option("there is no form " + form);
  }

  std::vector<skc::Record> take(const Json& places) const {
    std::vector<skc::Record> taken;
    for (const Json& place : places) taken.push_back(rows_.at(place.get<std::size_t>()));
    return taken;
  }

  Json threads(const Json& request) const {
    const skc::Transformer& transformer = loaded();
    const auto of = [&](const skc::Record& row) {
      return line_of_call([&] { return answer_of(transformer.transform(row)); });
    };
    std::vector<std::string> wanted;
    for (const skc::Record& row : rows_) wanted.push_back(of(row));
    std::atomic<std::size_t> different = 0;
    const int rounds = request.at("rounds").get<int>(), count = request.at("threads").get<int>();
    const auto work = [&] {
      for (int round = 0; round < rounds; ++round) {
        for (std::size_t i = 0; i < rows_.size(); ++i) different += of(rows_[i]) == wanted[i] ? 0 : 1;
      }
    };
    std::vector<std::thread> running;
    for (int i = 0; i < count; ++i) running.emplace_back(work);
    for (std::thread& thread : running) thread.join();
    return {{"calls", rows_.size() * static_cast<std::size_t>(rounds * count)}, {"different", different.load()}};
  }

  void observe(const skc::Call& call) {
    const std::lock_guard<std::mutex> lock(mutex_);
    calls_.push_back(Json::array({call.rows, call.code ? Json(*call.code) : Json()}));
  }

  // What was counted, with an empty log if there is a folder for one.
  Json signals(const Json& request) const {
    std::optional<skc::Log> log;
    if (request.contains("folder")) log.emplace(request.at("folder").get<std::string>(), loaded());
    return {{"signals", loaded().signals_text(log ? &*log : nullptr)}, {"calls", calls_}};
  }

  Json watch(const Json& request) {
    watch_.emplace(request.at("artifact").get<std::string>(), rows_.at(0), request.at("threads").get<int>(),
                   request.at("interval").get<double>());
    return {{"watching", true}};
  }

  Json unwatch() {
    watch_.value().end();
    Json told = watch_->told();
    watch_.reset();
    return told;
  }

  Json close() {
    if (transformer_) transformer_->close();
    return {{"closed", true}};
  }

  const skc::Transformer& loaded() const {
    if (!transformer_) throw skc::Error({"closed", "nothing is loaded"});
    return *transformer_;
  }

  std::optional<skc::Transformer> transformer_;
  std::vector<skc::Record> rows_;
  std::optional<Watch> watch_;
  std::mutex mutex_;  // of what follows
  Json calls_ = Json::array();  // rows and code, as an observer got them
};

}  // namespace

}  // namespace conformance

int main() {
  conformance::take_locale_of_environment();
  conformance::Executor executor;
  std::string line;
  while (std::getline(std::cin, line)) {
    // The runtime's own reader, since that of the JSON library follows the locale.
    const auto answer = [&] { return executor.answer(skc::detail::parse_json(line, "request")); };
    std::cout << conformance::line_of_call(answer) << std::endl;
  }
  return 0;
}
