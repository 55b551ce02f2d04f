// Why not the parser of nlohmann/json: it takes the last of duplicate keys, skips a byte order mark, stops at a NUL,
// nests without limit, and parses floats by the locale of the host. The parser of requests does not; here its result
// is converted to the library's tree.
#include "strict_json.hpp"

#include <charconv>
#include <cmath>

#include "errors.hpp"
#include "json_reader.hpp"
#include "utf8.hpp"

namespace skc::detail {

namespace {

constexpr std::size_t max_depth = 64;

class Tree {
 public:
  explicit Tree(const std::string& place) : place_(place) {}

  Json operator()(JsonNode& node) const {
    if (auto* items = std::get_if<JsonArray>(&node.content)) {
      Json::array_t found;
      found.reserve(items->size());
      for (JsonNode& item : *items) found.push_back((*this)(item));
      return found;
    }
    if (auto* members = std::get_if<JsonObject>(&node.content)) {
      Json::object_t found;
      for (JsonMember& member : *members) found.emplace(std::move(member.key), (*this)(member.node));
      return found;
    }
    return scalar(std::get<Value>(node.content).storage());
  }

 private:
  Json scalar(const Value::Storage& value) const {
    if (const auto* flag = std::get_if<bool>(&value)) return *flag;
    if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
    if (const auto* number = std::get_if<double>(&value)) return *number;
    if (const auto* number = std::get_if<BigInteger>(&value)) return large(number->decimal);
    if (const auto* text = std::get_if<std::string_view>(&value)) return this->text(*text);
    if (const auto* text = std::get_if<std::string>(&value)) return this->text(*text);
    return nullptr;
  }

  Json text(std::string_view text) const {
    if (!is_utf8(text)) throw_malformed(place_, "not valid JSON: " + shown(text) + " contains a lone surrogate");
    return std::string(text);
  }

  Json large(const std::string& decimal) const {
    const char* const end = decimal.data() + decimal.size();
    std::uint64_t integer = 0;
    const auto [stop, status] = std::from_chars(decimal.data(), end, integer);
    if (status == std::errc() && stop == end) return integer;
    double number = 0;
    if (std::from_chars(decimal.data(), end, number).ec != std::errc()) {
      throw_malformed(place_, "not valid JSON: a number past the largest double");
    }
    return number;
  }

  const std::string& place_;
};

}  // namespace

void throw_malformed(const std::string& place, const std::string& message) {
  throw_artifact("artifact-malformed", place + ": " + message,
                 "the artifact is damaged or was edited by hand: compile it again");
}

Json parse_json(std::string_view text, const std::string& place) {
  if (!is_utf8(text)) throw_malformed(place, "not valid JSON: not UTF-8");
  try {
    JsonNode document = read_json(text, max_depth);
    return Tree(place)(document);
  } catch (const RecordError& error) {
    throw_malformed(place, error.message());
  }
}

std::string shown_json(const Json& value) {
  if (value.is_string()) return shown(value.get_ref<const std::string&>());
  if (value.is_number_float()) return shown(value.get<double>());
  if (value.is_structured()) return value.is_array() ? "an array" : "an object";
  return value.dump();
}

Fields::Fields(const Json& value, std::string place) : place_(std::move(place)) {
  if (!value.is_object()) throw_malformed(place_, "expected an object, got " + shown_json(value));
  for (const auto& [key, field] : value.get_ref<const Json::object_t&>()) left_.emplace(key, &field);
}

bool Fields::has(const std::string& key) const { return left_.count(key) != 0; }

const Json& Fields::take(const std::string& key) {
  const auto found = left_.find(key);
  if (found == left_.end()) throw_malformed(place_, "`" + key + "` is missing");
  const Json& value = *found->second;
  left_.erase(found);
  return value;
}

namespace {

std::string text_of(const Json& value, const std::string& place) {
  if (!value.is_string()) throw_malformed(place, "expected a string, got " + shown_json(value));
  const auto& text = value.get_ref<const std::string&>();
  // The tree has no lone surrogates; no other language could represent a NUL in a name.
  if (text.find('\0') != std::string::npos) throw_malformed(place, shown(text) + " contains a NUL");
  return text;
}

bool flag_of(const Json& value, const std::string& place) {
  if (!value.is_boolean()) throw_malformed(place, "expected true or false, got " + shown_json(value));
  return value.get<bool>();
}

}  // namespace

std::string Fields::text(const std::string& key) { return text_of(take(key), at(key)); }

bool Fields::take_null(const std::string& key) {
  const auto found = left_.find(key);
  if (found == left_.end() || !found->second->is_null()) return false;
  left_.erase(found);
  return true;
}

std::optional<std::string> Fields::optional_text(const std::string& key) {
  if (take_null(key)) return std::nullopt;
  return text(key);
}

std::string Fields::one_of(const std::string& key, std::initializer_list<std::string_view> words) {
  std::string word = text(key);
  std::string listed;
  for (const std::string_view candidate : words) {
    if (candidate == word) return word;
    listed += (listed.empty() ? "" : ", ") + std::string(candidate);
  }
  throw_malformed(at(key), "expected one of " + listed + ", got " + shown(word));
}

bool Fields::flag(const std::string& key) { return flag_of(take(key), at(key)); }

std::int64_t Fields::number(const std::string& key, std::int64_t low, std::int64_t high) {
  const Json& value = take(key);
  if (!value.is_number_integer()) throw_malformed(at(key), "expected an integer, got " + shown_json(value));
  const bool is_huge = value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX;
  const std::int64_t number = is_huge ? INT64_MAX : value.get<std::int64_t>();
  if (number < low || number > high) {
    const std::string bounds = std::to_string(low) + " to " + std::to_string(high);
    throw_malformed(at(key), "expected " + bounds + ", got " + shown_json(value));
  }
  return number;
}

const Json& Fields::array(const std::string& key) {
  const Json& value = take(key);
  if (!value.is_array()) throw_malformed(at(key), "expected an array, got " + shown_json(value));
  return value;
}

std::vector<Fields> Fields::objects(const std::string& key) {
  std::vector<Fields> found;
  for (const Json& item : array(key)) found.emplace_back(item, at(key) + "[" + std::to_string(found.size()) + "]");
  return found;
}

std::vector<std::string> Fields::texts(const std::string& key) {
  std::vector<std::string> found;
  for (const Json& item : array(key)) {
    found.push_back(text_of(item, at(key) + "[" + std::to_string(found.size()) + "]"));
  }
  return found;
}

std::vector<bool> Fields::flags(const std::string& key) {
  std::vector<bool> found;
  for (const Json& item : array(key)) {
    found.push_back(flag_of(item, at(key) + "[" + std::to_string(found.size()) + "]"));
  }
  return found;
}

Fields Fields::object(const std::string& key) { return Fields(take(key), at(key)); }

std::optional<Fields> Fields::optional_object(const std::string& key) {
  if (take_null(key)) return std::nullopt;
  return object(key);
}

std::map<std::string, std::string> Fields::texts_by_key(const std::string& key) {
  const Json& value = take(key);
  Fields fields(value, at(key));
  std::map<std::string, std::string> found;
  for (const auto& [name, item] : value.get_ref<const Json::object_t&>()) {
    found.emplace(name, text_of(item, fields.at(name)));
  }
  return found;
}

void Fields::done() const {
  if (!left_.empty()) throw_malformed(place_, "unknown key " + shown(left_.begin()->first));
}

}  // namespace skc::detail
