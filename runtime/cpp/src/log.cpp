#include "skc/log.hpp"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <random>
#include <system_error>
#include <thread>

#include "errors.hpp"
#include "log_file.hpp"
#include "log_lines.hpp"
#include "log_text.hpp"
#include "serving.hpp"

namespace skc {

namespace {

constexpr const char* hint = "requests are served, and count as dropped; check the folder, its space and its permissions";

constexpr std::size_t recent_artifacts = 8;  // that are remembered

std::int64_t now_us() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

// 16 hexadecimal digits, drawn anew by every process.
std::string new_writer() {
  std::random_device source;
  constexpr char digits[] = "0123456789abcdef";
  std::string writer;
  for (int i = 0; i < 16; ++i) writer += digits[source() % 16];
  return writer;
}

}  // namespace

// What one process logs: the artifacts, the counts, what is waiting, and the thread that writes it.
class Log::State {
 public:
  explicit State(const Log& log)
      : process(::getpid()), first_(log.first_), folder_(log.folder_), options_(log.options_), serving_(first_) {}

  // Of a process that has one: the child of a fork has none until it logs.
  void start() { thread_ = std::thread([this] { run(); }); }

  // What writes the requests of an artifact, made once. Throws `invalid-option` without a salt.
  std::shared_ptr<const Lines> lines_of(const Transformer& transformer) {
    const Transformer::Serving& serving = transformer.serving();
    const std::string& identity = serving.manifest().identity;
    if (identity == first_->identity()) return first_;
    const std::lock_guard<std::mutex> lock(artifacts_);
    const auto known = recent_.find(identity);
    if (known != recent_.end()) return known->second;
    auto made = std::make_shared<const Lines>(serving.runtime(), serving.manifest(), options_);
    if (recent_.size() >= recent_artifacts) recent_.clear();
    recent_.emplace(identity, made);
    return made;
  }

  void add(const std::shared_ptr<const Lines>& lines, std::string_view line) {
    std::unique_lock<std::mutex> lock(mutex_);
    while (options_.on_full == OnFull::wait && waiting_ >= options_.queue && !is_closed_) {
      wanted_.notify_one();
      room_.wait(lock);
    }
    ++n_;
    if (is_closed_ || waiting_ >= options_.queue) {
      ++dropped_;
      return;
    }
    if (pending_.empty() || pending_.back().lines->identity() != lines->identity()) {
      pending_.push_back({lines, std::move(buffer_), 0, n_});
      buffer_.clear();
    }
    Portion& to = pending_.back();
    to.text += R"({"n":)";
    detail::append_integer(to.text, static_cast<std::int64_t>(n_));
    to.text += line;
    ++to.count;
    if (++waiting_ * 2 > options_.queue) wanted_.notify_one();
  }

  bool is_full() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return is_closed_ || waiting_ >= options_.queue;
  }

  void leave_out() {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++sampled_out_;
  }

  void lose() {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++n_;
    ++dropped_;
  }

  void tell(const Error& error) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      error_ = std::make_shared<const Error>(error);
    }
    if (options_.on_error) options_.on_error(error);
  }

  LogCounts counts() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return {n_, logged_, dropped_, sampled_out_, n_ - logged_ - dropped_};
  }

  std::shared_ptr<const Error> last_error() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return error_;
  }

  void close() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      is_closed_ = true;
    }
    room_.notify_all();
    wanted_.notify_one();
    const std::lock_guard<std::mutex> lock(joining_);
    if (thread_.joinable()) thread_.join();
  }

  const pid_t process;

 private:
  // Lines of one artifact, which are those of the requests from `first` on, or gaps.
  struct Portion {
    std::shared_ptr<const Lines> lines;
    std::string text;
    std::uint64_t count;
    std::uint64_t first;
  };

  void run() {
    sigset_t too_large;  // by itself, the signal of a file beyond the limit of the process would end it
    sigemptyset(&too_large);
    sigaddset(&too_large, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &too_large, nullptr);
    std::vector<Portion> taken;
    for (bool is_last = false; !is_last;) {
      std::uint64_t up_to = 0;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        if (!is_closed_ && waiting_ * 2 <= options_.queue) wanted_.wait_for(lock, options_.flush);
        if (!taken.empty()) buffer_.swap(taken.front().text);  // keeps its memory
        buffer_.clear();
        taken.clear();
        taken.swap(pending_);
        waiting_ = 0;
        up_to = n_;
        is_last = is_closed_;
      }
      room_.notify_all();
      for (const Portion& portion : taken) write(portion);
      covered_ = up_to;
      if (is_last || is_due()) complete();
    }
  }

  bool is_due() const {
    const bool is_old = std::chrono::steady_clock::now() - opened_at_ >= options_.rotate_after;
    return file_ != nullptr && in_file_ > 0 && (is_old || file_->size() >= options_.rotate_bytes);
  }

  // Completes the file before requests that another artifact served.
  void write(const Portion& portion) {
    if (portion.lines->identity() != serving_->identity()) {
      covered_ = portion.first - 1;
      complete();
      serving_ = portion.lines;
    }
    write(portion.text, portion.count);
  }

  // What cannot be written is dropped.
  void write(std::string_view taken, std::uint64_t count) {
    try {
      make_writable();
      file_->write(taken);
      in_file_ += count;
      const std::lock_guard<std::mutex> lock(mutex_);
      logged_ += count;
    } catch (const std::system_error& error) {
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        dropped_ += count;
      }
      tell(Error({"log-failed", error.what(), std::nullopt, std::nullopt, hint}));
    }
  }

  // Opens a file if there is none, or if it was deleted.
  void make_writable() {
    if (file_ != nullptr && !file_->is_there()) {
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        logged_ -= in_file_;
        dropped_ += in_file_;
      }
      const std::string message = file_->path() + " was deleted while it was written, with " +
                                  std::to_string(in_file_) + " requests";
      file_.reset();
      tell(Error({"log-failed", message, std::nullopt, std::nullopt, hint}));
    }
    if (file_ != nullptr && file_->is_torn()) file_.reset();
    if (file_ == nullptr) open();
  }

 public:
  // Throws std::system_error.
  void open() {
    const std::string header = serving_->header(writer_, part_, covered_, counts().logged);
    file_ = std::make_unique<detail::LogFile>(folder_, header, options_.fsync);
    ++part_;
    in_file_ = 0;
    opened_at_ = std::chrono::steady_clock::now();
  }

 private:
  // Writes the totals, and completes the file.
  void complete() {
    if (file_ == nullptr) return;
    const LogCounts now = counts();
    const std::string trailer = R"({"end":true,"n":)" + std::to_string(covered_) + R"(,"logged":)" +
                                std::to_string(now.logged) + R"(,"dropped":)" +
                                std::to_string(covered_ - now.logged) + R"(,"sampled_out":)" +
                                std::to_string(now.sampled_out) + "}\n";
    try {
      file_->complete(trailer);
    } catch (const std::system_error& error) {
      tell(Error({"log-failed", error.what(), std::nullopt, std::nullopt, hint}));
    }
    file_.reset();
  }

  const std::shared_ptr<const Lines> first_;
  const std::string& folder_;
  const LogOptions& options_;

  std::mutex artifacts_;  // of what follows
  std::map<std::string, std::shared_ptr<const Lines>> recent_;

  std::mutex mutex_;  // of what follows
  std::condition_variable room_, wanted_;
  std::vector<Portion> pending_;  // of `waiting_` requests
  std::string buffer_;            // for lines, while nobody uses it
  std::size_t waiting_ = 0;
  std::uint64_t n_ = 0, logged_ = 0, dropped_ = 0, sampled_out_ = 0;
  bool is_closed_ = false;
  std::shared_ptr<const Error> error_;

  // Of the thread that writes.
  std::shared_ptr<const Lines> serving_;  // whose requests are written: a file holds those of one artifact
  std::unique_ptr<detail::LogFile> file_;
  unsigned part_ = 0;
  const std::string writer_ = new_writer();
  std::uint64_t covered_ = 0;  // the last number that was written or dropped
  std::uint64_t in_file_ = 0;
  std::chrono::steady_clock::time_point opened_at_ = std::chrono::steady_clock::now();

  std::mutex joining_;
  std::thread thread_;
};

Log::Log(const std::string& folder, const Transformer& transformer, const LogOptions& options)
    : folder_(std::filesystem::absolute(folder).string()), options_(options), state_(nullptr) {
  const Transformer::Serving& serving = transformer.serving();
  first_ = std::make_shared<const Lines>(serving.runtime(), serving.manifest(), options_);
  auto state = std::make_unique<State>(*this);
  try {
    std::filesystem::create_directories(folder_);
    state->open();
  } catch (const std::system_error& error) {
    detail::throw_runtime("log-failed", error.what(), hint);
  }
  state->start();
  state_ = state.release();
}

Log::~Log() {
  close();
  State* state = state_.load();
  if (state->process == ::getpid()) delete state;  // that of a parent has a thread that is not in this process
}

// That of this process: after a fork a new one, which has none of what its parent will write.
Log::State& Log::state() const {
  State* held = state_.load();
  if (held->process == ::getpid()) return *held;
  auto own = std::make_unique<State>(*this);
  if (!state_.compare_exchange_strong(held, own.get())) return *held;  // another thread was faster
  own->start();
  return *own.release();
}

void Log::add(const LogEntry& entry) noexcept {
  try {
    State& state = this->state();
    try {
      if (!first_->is_sampled(entry)) return state.leave_out();
      if (options_.on_full == OnFull::drop && state.is_full()) return state.lose();
      static thread_local std::string line;
      line.clear();
      const auto lines = entry.served_by == nullptr ? first_ : state.lines_of(*entry.served_by);
      lines->append(line, entry, entry.time_us ? *entry.time_us : now_us());
      state.add(lines, line);
    } catch (const Error& error) {
      state.lose();
      state.tell(error);
    }
  } catch (const std::exception&) {  // no memory for a line, or for what is said about it: the gap shows it
  }
}

void Log::add(std::string_view id, const Record& record, const Outputs& features) noexcept {
  LogEntry entry;
  entry.id = id;
  entry.record = &record;
  entry.features = &features;
  add(entry);
}

LogCounts Log::counts() const { return state().counts(); }

std::shared_ptr<const Error> Log::last_error() const { return state().last_error(); }

void Log::close() noexcept {
  State* state = state_.load();
  if (state->process == ::getpid()) state->close();
}

}  // namespace skc
