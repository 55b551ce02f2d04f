// What a runtime refuses: a code that every language shares, the location, and a suggested fix.
//
// A service decides how to answer by `code()`, never by the text. `schemas/errors.v1.json` lists the codes; codes are
// only ever added.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

namespace skc {

enum class Kind { artifact, record, runtime };

// Everything an error says. `input` names the input (where a step refused, the column that step saw), `row` the 0-based
// row of a batch (none for a single record), `step` the step of the pipeline whose policy is `error`.
struct ErrorDetails {
  std::string code;
  std::string message;
  std::optional<std::string> input = std::nullopt;
  std::optional<std::size_t> row = std::nullopt;
  std::optional<std::string> hint = std::nullopt;
  std::optional<std::string> step = std::nullopt;
};

// Any refusal by a runtime. Thrown itself for `closed`, `invalid-option` and `run-failed`.
class Error : public std::runtime_error {
 public:
  explicit Error(ErrorDetails details);

  virtual Kind kind() const noexcept { return Kind::runtime; }
  const std::string& code() const noexcept { return details_->code; }
  const std::string& message() const noexcept { return details_->message; }
  const std::optional<std::string>& input() const noexcept { return details_->input; }
  std::optional<std::size_t> row() const noexcept { return details_->row; }
  const std::optional<std::string>& hint() const noexcept { return details_->hint; }
  const std::optional<std::string>& step() const noexcept { return details_->step; }

 private:
  std::shared_ptr<const ErrorDetails> details_;  // shared: copying an exception must not throw
};

// The artifact cannot be served: it is damaged, tampered with, too new, or does not reproduce here.
class ArtifactError : public Error {
 public:
  using Error::Error;
  Kind kind() const noexcept override { return Kind::artifact; }
};

// The request cannot be served: it breaks the contract, or a policy of `error` of the pipeline.
class RecordError : public Error {
 public:
  using Error::Error;
  Kind kind() const noexcept override { return Kind::record; }
};

}  // namespace skc
