// Converts requests to the tensors of the graph.
//
// Why prepared per manifest: a single-row request takes a few microseconds in all, so everything that does not depend
// on it is computed once. Nothing here changes afterwards, so threads can share it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "errors.hpp"
#include "feeds.hpp"
#include "manifest.hpp"
#include "names.hpp"
#include "skc/record.hpp"
#include "skc/transformer.hpp"

namespace skc::detail {

// The values of a record in the order of the inputs, null if missing.
using Seen = std::vector<const Value*>;

// The columns of a request in the order of the inputs, null if missing.
struct ColumnPlan {
  std::size_t rows;
  std::vector<const Columns::Column*> columns;
};

// A column by its name, or a description of a value that is not a column.
struct GivenColumn {
  std::string_view name;
  const Columns::Column* column;
  std::string what;
};

// A value into a row of the tensors, or its refusal.
void put_value(const InputSpec& input, const Value& value, Feeds& feeds, std::size_t row, const Where& where);

class Marshaller {
 public:
  explicit Marshaller(const Manifest& manifest);  // which must outlive it

  // A record into a row of the tensors. Errors name `error_row`. `seen` is scratch.
  void put_record(const Record& record, Extra extra, Feeds& feeds, std::size_t row, std::optional<std::size_t> error_row,
                  Seen& seen) const;

  // Maps columns to inputs; refuses everything that can be refused without reading values.
  ColumnPlan plan(const Columns& columns, Extra extra) const;
  ColumnPlan plan(const std::vector<GivenColumn>& given, Extra extra) const;
  // The rows of columns from `start` on, as many as the tensors have.
  void put_columns(const ColumnPlan& plan, std::size_t start, Feeds& feeds) const;
  // Throws the error that the columns would give as a whole: of the first input that is refused, its first row. The values
  // of the tensors, which have at least one row, do not matter.
  void check_columns(const ColumnPlan& plan, Feeds& feeds) const;

 private:
  void put_column(const ColumnPlan& plan, std::size_t input, std::size_t start, std::size_t count, Feeds& feeds) const;
  [[noreturn]] void refuse_key(const std::string& key, std::optional<std::size_t> row) const;

  const std::vector<InputSpec>& inputs_;
  Names names_;
};

}  // namespace skc::detail
