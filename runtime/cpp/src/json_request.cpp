#include "json_request.hpp"

#include "errors.hpp"
#include "json_reader.hpp"
#include "utf8.hpp"

namespace skc::detail {

namespace {

constexpr std::size_t largest = std::size_t{1} << 26;  // bytes
constexpr std::size_t deepest = 64;

[[noreturn]] void refuse(std::string code, std::string message, Hint hint) {
  throw RecordError({std::move(code), std::move(message), std::nullopt, std::nullopt, std::move(hint)});
}

std::string shown_node(const JsonNode& node) {
  if (const auto* value = std::get_if<Value>(&node.content)) return shown_value(*value);
  return std::holds_alternative<JsonArray>(node.content) ? "an array" : "an object";
}

// A value that no input accepts is passed on, and refused with its location.
Value value_of(JsonNode& node) {
  if (auto* value = std::get_if<Value>(&node.content)) return std::move(*value);
  return Unsupported{shown_node(node)};
}

Record record_of(JsonObject& members) {
  Record record;
  record.reserve(members.size());
  for (JsonMember& member : members) record.add(std::move(member.key), value_of(member.node));
  return record;
}

JsonRecords records_of(JsonArray& rows) {
  JsonRecords found;
  found.records.reserve(rows.size());
  for (JsonNode& row : rows) {
    auto* members = std::get_if<JsonObject>(&row.content);
    if (members == nullptr) {
      found.refused = RecordError({"unsupported-data", "expected a record, got " + shown_node(row), std::nullopt,
                                   found.records.size(), "each row is an object"});
      break;
    }
    found.records.push_back(record_of(*members));
  }
  return found;
}

JsonColumns columns_of(JsonObject& members) {
  JsonColumns found;
  for (JsonMember& member : members) {
    auto* items = std::get_if<JsonArray>(&member.node.content);
    if (items == nullptr) {
      found.others.emplace_back(std::move(member.key), shown_node(member.node));
      continue;
    }
    std::vector<Value> values;
    values.reserve(items->size());
    for (JsonNode& item : *items) values.push_back(value_of(item));
    found.columns.add(std::move(member.key), std::move(values));
  }
  return found;
}

}  // namespace

std::vector<GivenColumn> JsonColumns::given() const {
  std::vector<GivenColumn> found;
  for (const Columns::Column& column : columns) found.push_back({column.name, &column, {}});
  for (const auto& [name, what] : others) found.push_back({name, nullptr, what});
  return found;
}

JsonRequest read_request(std::string_view body) {
  if (body.size() > largest) {
    refuse("request-too-large",
           std::to_string(body.size()) + " bytes exceed the limit of " + std::to_string(largest),
           "send fewer rows at a time");
  }
  if (!is_utf8(body)) refuse("invalid-utf8", "the body is not UTF-8", "encode the body as UTF-8");
  JsonNode document = read_json(body, deepest);
  if (auto* rows = std::get_if<JsonArray>(&document.content)) return records_of(*rows);
  auto* members = std::get_if<JsonObject>(&document.content);
  if (members == nullptr) {
    refuse("unsupported-data", "expected a JSON object or an array of objects, got " + shown_node(document),
           R"({…} for a record, [{…}, …], or {"columns": {…}})");
  }
  if (members->size() == 1 && members->front().key == "columns") {
    if (auto* columns = std::get_if<JsonObject>(&members->front().node.content)) return columns_of(*columns);
  }
  return record_of(*members);
}

}  // namespace skc::detail
