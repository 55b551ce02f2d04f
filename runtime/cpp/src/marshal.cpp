#include "marshal.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "scalars.hpp"

namespace skc::detail {

namespace {

std::vector<std::string> names_of(const std::vector<InputSpec>& inputs) {
  std::vector<std::string> names;
  for (const InputSpec& input : inputs) names.push_back(input.name);
  return names;
}

// An admitted null: the zero of the type, and a false validity bit.
void put_null(const InputSpec& input, Feeds& feeds, std::size_t row) {
  switch (element_of(input.type)) {
    case DType::float32:
      feeds.put(input.slot, row, std::numeric_limits<float>::quiet_NaN());
      break;
    case DType::float64:
      feeds.put(input.slot, row, std::numeric_limits<double>::quiet_NaN());
      break;
    case DType::int64:
      feeds.put(input.slot, row, std::int64_t{0});
      break;
    case DType::boolean:
      feeds.put(input.slot, row, false);
      break;
    case DType::string:
      feeds.put(input.slot, row, std::string_view());
      break;
  }
  if (input.valid) feeds.put(*input.valid, row, false);
}

void put_valid(const InputSpec& input, Feeds& feeds, std::size_t row) {
  if (input.valid) feeds.put(*input.valid, row, true);
}

// Into an input of floats of either size.
void put_float(const InputSpec& input, double value, Feeds& feeds, std::size_t row, const Where& where) {
  if (std::isnan(value)) {
    if (input.refuses_nan) refuse_nan(where);
    if (!input.is_nullable) refuse_null(where);
  }
  if (input.type == InputType::float32) return feeds.put(input.slot, row, float32_of(value, where));
  feeds.put(input.slot, row, value);
}

void put_present(const InputSpec& input, const Value& value, Feeds& feeds, std::size_t row, const Where& where) {
  switch (input.type) {
    case InputType::float64:
    case InputType::float32:
      put_float(input, float64_of(value, where), feeds, row, where);
      break;
    case InputType::boolean:
      feeds.put(input.slot, row, bool_of(value, where));
      break;
    case InputType::string:
      feeds.put(input.slot, row, string_of(value, where));
      break;
    case InputType::int64:
    case InputType::timestamp:
    case InputType::date:
    case InputType::time:
      feeds.put(input.slot, row, input.timezone ? local_of(value, where) : integer_of(input.type, value, where));
      break;
  }
  put_valid(input, feeds, row);
}

// A NaN in an input that is not a float is what pandas puts for a missing value.
bool is_nan(const Value& value) {
  const auto* number = std::get_if<double>(&value.storage());
  return number != nullptr && std::isnan(*number);
}

}  // namespace

void put_value(const InputSpec& input, const Value& value, Feeds& feeds, std::size_t row, const Where& where) {
  if (value.is_null() || (!is_float(input.type) && is_nan(value))) {
    if (!input.is_nullable) refuse_null(where);
    return put_null(input, feeds, row);
  }
  if (input.reads_numbers) return put_present(input, number_of(value, where), feeds, row, where);
  put_present(input, value, feeds, row, where);
}

namespace {

[[noreturn]] void refuse_twice(const std::string& name, std::optional<std::size_t> row) {
  throw_record("duplicate-column", "the input is given twice", {name, row}, "send it once");
}

// `count` rows of a column from `start` on, value by value. A typed one whose type the input does not accept is refused as
// a whole.
struct PutColumn {
  const InputSpec& input;
  std::size_t start;
  std::size_t count;
  Feeds& feeds;

  void operator()(const std::vector<Value>& values) const {
    Where where{input.name, 0};
    for (std::size_t row = 0; row < count; ++row) {
      where.row = start + row;
      put_value(input, values[start + row], feeds, row, where);
    }
  }

  void operator()(const std::vector<double>& values) const {
    if (is_float(input.type)) {
      return each(values,
                  [&](double v, std::size_t row, const Where& where) { put_float(input, v, feeds, row, where); });
    }
    if (input.type != InputType::int64) refuse("a column of float64");
    Where where{input.name, 0};
    for (std::size_t row = 0; row < count; ++row) {
      where.row = start + row;
      put_value(input, values[start + row], feeds, row, where);
    }
  }

  void operator()(const std::vector<std::int64_t>& values) const {
    if (is_float(input.type)) {
      return each(values, [&](std::int64_t v, std::size_t row, const Where& where) {
        put_float(input, float64_of(v, where), feeds, row, where);
      });
    }
    if (element_of(input.type) != DType::int64) refuse("a column of int64");
    each(values, [&](std::int64_t v, std::size_t row, const Where&) { feeds.put(input.slot, row, v); });
  }

  void operator()(const std::vector<bool>& values) const {
    if (input.type != InputType::boolean) refuse("a column of bool");
    each(values, [&](bool v, std::size_t row, const Where&) { feeds.put(input.slot, row, v); });
  }

  void operator()(const std::vector<std::string>& values) const {
    if (input.reads_numbers) {
      return each(values, [&](const std::string& v, std::size_t row, const Where& where) {
        put_present(input, number_of(std::string_view(v), where), feeds, row, where);
      });
    }
    if (reads_text(input.type)) {
      return each(values, [&](const std::string& v, std::size_t row, const Where& where) {
        put_present(input, std::string_view(v), feeds, row, where);
      });
    }
    if (input.type != InputType::string) refuse("a column of strings");
    each(values, [&](const std::string& v, std::size_t row, const Where& where) {
      check_text(v, where);
      feeds.put(input.slot, row, std::string_view(v));
    });
  }

 private:
  template <class Values, class Put>
  void each(const Values& values, Put put) const {
    Where where{input.name, 0};
    for (std::size_t row = 0; row < count; ++row) {
      where.row = start + row;
      put(values[start + row], row, where);
      put_valid(input, feeds, row);
    }
  }

  [[noreturn]] void refuse(const char* given) const { refuse_type(input.type, given, {input.name, std::nullopt}); }
};

}  // namespace

Marshaller::Marshaller(const Manifest& manifest) : inputs_(manifest.inputs), names_(names_of(manifest.inputs)) {}

void Marshaller::put_record(const Record& record, Extra extra, Feeds& feeds, std::size_t row,
                            std::optional<std::size_t> error_row, Seen& seen) const {
  seen.assign(inputs_.size(), nullptr);
  const std::string* unknown = nullptr;
  std::optional<std::size_t> twice;
  for (const auto& [key, value] : record) {
    const auto place = names_.find(key);
    if (!place) {
      if (unknown == nullptr || key < *unknown) unknown = &key;
      continue;
    }
    if (seen[*place] != nullptr && !twice) twice = place;
    seen[*place] = &value;
  }
  if (unknown != nullptr && extra == Extra::error) refuse_key(*unknown, error_row);
  if (twice) refuse_twice(inputs_[*twice].name, error_row);
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const InputSpec& input = inputs_[i];
    if (seen[i] != nullptr) {
      put_value(input, *seen[i], feeds, row, {input.name, error_row});
    } else {
      if (!input.is_nullable) refuse_missing({input.name, error_row});
      put_null(input, feeds, row);
    }
  }
}

void Marshaller::refuse_key(const std::string& key, std::optional<std::size_t> row) const {
  const auto near = names_.nearest(key);
  throw_record("unknown-key", "the pipeline has no input " + shown(key), {key, row},
               near ? "did you mean `" + *near + "`?" : "leave it out, or pass Extra::ignore");
}

ColumnPlan Marshaller::plan(const Columns& columns, Extra extra) const {
  std::vector<GivenColumn> given;
  for (const Columns::Column& column : columns) given.push_back({column.name, &column, {}});
  return plan(given, extra);
}

ColumnPlan Marshaller::plan(const std::vector<GivenColumn>& given, Extra extra) const {
  ColumnPlan plan{0, std::vector<const Columns::Column*>(inputs_.size(), nullptr)};
  std::vector<const GivenColumn*> found(inputs_.size(), nullptr);
  const GivenColumn* unknown = nullptr;
  std::optional<std::size_t> twice;
  for (const GivenColumn& column : given) {
    const auto place = names_.find(column.name);
    if (place) {
      if (found[*place] != nullptr && !twice) twice = place;
      found[*place] = &column;
    } else if (extra == Extra::error || column.column != nullptr) {
      if (unknown == nullptr || column.name < unknown->name) unknown = &column;
    }
  }
  if (unknown != nullptr && extra == Extra::error) refuse_key(std::string(unknown->name), std::nullopt);
  if (twice) refuse_twice(inputs_[*twice].name, std::nullopt);
  std::optional<std::size_t> rows;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const Where where{inputs_[i].name, std::nullopt};
    if (found[i] == nullptr) {
      if (!inputs_[i].is_nullable) refuse_missing(where);
      continue;
    }
    plan.columns[i] = found[i]->column;
    if (plan.columns[i] == nullptr) {
      throw_record("unsupported-data", "expected a column, got " + found[i]->what, where, "an array of values");
    }
    const std::size_t size = plan.columns[i]->size();
    if (rows && *rows != size) {
      throw_record("unequal-lengths",
                   std::to_string(size) + " rows, but the previous columns have " + std::to_string(*rows), where,
                   "all columns must have the same length");
    }
    rows = size;
  }
  // If no column is an input, the number of rows is the length of the first extra column by UTF-8 bytes.
  const std::size_t of_others = unknown != nullptr ? unknown->column->size() : 0;
  plan.rows = rows.value_or(of_others);
  return plan;
}

void Marshaller::put_columns(const ColumnPlan& plan, std::size_t start, Feeds& feeds) const {
  for (std::size_t i = 0; i < inputs_.size(); ++i) put_column(plan, i, start, feeds.rows(), feeds);
}

void Marshaller::check_columns(const ColumnPlan& plan, Feeds& feeds) const {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    for (std::size_t start = 0; start < plan.rows; start += feeds.rows()) {
      put_column(plan, i, start, std::min(feeds.rows(), plan.rows - start), feeds);
    }
  }
}

void Marshaller::put_column(const ColumnPlan& plan, std::size_t input, std::size_t start, std::size_t count,
                            Feeds& feeds) const {
  if (plan.columns[input] != nullptr) {
    return std::visit(PutColumn{inputs_[input], start, count, feeds}, plan.columns[input]->data);
  }
  for (std::size_t row = 0; row < count; ++row) put_null(inputs_[input], feeds, row);
}

}  // namespace skc::detail
