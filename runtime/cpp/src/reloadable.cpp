#include "skc/reloadable.hpp"

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <thread>

#include "errors.hpp"
#include "files.hpp"

namespace skc {

namespace {

constexpr int attempts = 3;  // at reading files that are being replaced

// A value that changes when the folder's artifact is replaced, or one of its files is written: the manifest, and the
// name, size and time of every file. Links are followed. Empty if the folder cannot be read because it is just being
// replaced.
std::string fingerprint_of(const std::string& directory) {
  namespace fs = std::filesystem;
  try {
    std::string text = detail::sha256(detail::Folder(directory).read("manifest.json"));
    std::vector<std::string> files;
    for (const fs::directory_entry& entry : fs::directory_iterator(directory)) {
      const auto time = fs::last_write_time(entry.path()).time_since_epoch().count();
      const auto size = fs::is_directory(entry.path()) ? 0 : fs::file_size(entry.path());
      files.push_back(entry.path().filename().string() + " " + std::to_string(size) + " " + std::to_string(time));
    }
    std::sort(files.begin(), files.end());
    for (const std::string& file : files) text += "\n" + file;
    return text;
  } catch (const fs::filesystem_error&) {
    return {};
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

class Reloadable::State {
 public:
  State(const std::string& directory, const ReloadOptions& options)
      : directory_(directory), options_(options), fingerprint_(fingerprint_of(directory)), current_(load()) {
    if (options_.interval.count() > 0) watcher_ = std::thread([this] { watch(); });
  }

  std::shared_ptr<const Transformer> current() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (current_ == nullptr) detail::throw_runtime("closed", "the transformer is closed", "load the artifact again");
    return current_;
  }

  std::shared_ptr<const Error> last_error() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return last_error_;
  }

  bool look(bool is_forced) {
    const std::lock_guard<std::mutex> loading(loading_);
    const std::string before = current()->identity();
    const std::string found = fingerprint_of(directory_);
    if (found == fingerprint_ && !is_forced) return false;
    std::shared_ptr<const Transformer> made = load_steadily(found);
    if (made->identity() == before) return false;
    const std::lock_guard<std::mutex> lock(mutex_);
    if (current_ == nullptr) return false;  // closed meanwhile
    current_.swap(made);                    // the old one is released without the lock, by its last holder
    return true;
  }

  void close() noexcept {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      is_closing_ = true;
      current_ = nullptr;
    }
    closing_.notify_all();
    if (watcher_.joinable()) watcher_.join();
  }

 private:
  std::shared_ptr<const Transformer> load() const {
    return std::make_shared<const Transformer>(Transformer::load(directory_, options_.load));
  }

  // Files that are replaced while being read are read again.
  std::shared_ptr<const Transformer> load_steadily(std::string found) {
    for (int attempt = 1;; ++attempt) {
      fingerprint_ = found;
      try {
        auto made = load();
        keep(nullptr);
        return made;
      } catch (const ArtifactError& error) {
        keep(std::make_shared<const ArtifactError>(error));
        found = fingerprint_of(directory_);
        if (found == fingerprint_ || attempt == attempts) throw;
      }
    }
  }

  void keep(std::shared_ptr<const Error> error) {
    const std::lock_guard<std::mutex> lock(mutex_);
    last_error_ = std::move(error);
  }

  void watch() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (!closing_.wait_for(lock, options_.interval, [this] { return is_closing_; })) {
      lock.unlock();
      look_and_tell();
      lock.lock();
    }
  }

  void look_and_tell() {
    try {
      look(false);
    } catch (const Error& error) {
      if (error.code() != "closed" && options_.on_error) options_.on_error(error);
    } catch (const std::exception& error) {  // no memory for another artifact: the old one keeps serving
      const auto failure = std::make_shared<const Error>(ErrorDetails{"run-failed", error.what()});
      keep(failure);
      if (options_.on_error) options_.on_error(*failure);
    }
  }

  const std::string directory_;
  const ReloadOptions options_;

  std::mutex loading_;  // one at a time; of what follows
  std::string fingerprint_;

  mutable std::mutex mutex_;  // of what follows
  std::condition_variable closing_;
  bool is_closing_ = false;
  std::shared_ptr<const Transformer> current_;
  std::shared_ptr<const Error> last_error_;

  std::thread watcher_;
};

Reloadable::Reloadable(const std::string& directory, const ReloadOptions& options) {
  if (options.interval.count() < 0) detail::throw_runtime("invalid-option", "the interval is negative", "zero or more");
  state_ = std::make_unique<State>(directory, options);
}

Reloadable::~Reloadable() { close(); }

std::shared_ptr<const Transformer> Reloadable::current() const { return state_->current(); }

Outputs Reloadable::transform(const Record& record, Extra extra) const { return current()->transform(record, extra); }

Outputs Reloadable::transform(const std::vector<Record>& records, Extra extra) const {
  return current()->transform(records, extra);
}

Outputs Reloadable::transform(const Columns& columns, Extra extra) const { return current()->transform(columns, extra); }

Outputs Reloadable::transform_json(std::string_view body, Extra extra) const {
  return current()->transform_json(body, extra);
}

bool Reloadable::reload() { return state_->look(true); }

std::shared_ptr<const Error> Reloadable::last_error() const { return state_->last_error(); }

void Reloadable::close() noexcept {
  if (state_ != nullptr) state_->close();
}

}  // namespace skc
