// Reads untrusted JSON as plain data, or refuses it: `artifact-malformed` with the location, whatever is wrong.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace skc::detail {

using Json = nlohmann::json;

[[noreturn]] void throw_malformed(const std::string& place, const std::string& message);

// UTF-8 JSON without duplicate keys, lone surrogates, NaN, Infinity or trailing text, and of bounded depth. Integers
// past 64 bits are floats.
Json parse_json(std::string_view text, const std::string& place);

// A value formatted for a message.
std::string shown_json(const Json& value);

// One JSON object being read: keys are taken by type, and `done` refuses the remaining ones.
class Fields {
 public:
  Fields(const Json& value, std::string place);

  const std::string& place() const noexcept { return place_; }
  bool has(const std::string& key) const;
  const Json& take(const std::string& key);
  std::string text(const std::string& key);
  std::optional<std::string> optional_text(const std::string& key);
  std::string one_of(const std::string& key, std::initializer_list<std::string_view> words);
  bool flag(const std::string& key);
  std::int64_t number(const std::string& key, std::int64_t low = 0, std::int64_t high = INT32_MAX);
  const Json& array(const std::string& key);
  std::vector<Fields> objects(const std::string& key);
  std::vector<std::string> texts(const std::string& key);
  std::vector<bool> flags(const std::string& key);
  Fields object(const std::string& key);
  std::optional<Fields> optional_object(const std::string& key);
  std::map<std::string, std::string> texts_by_key(const std::string& key);
  void done() const;

 private:
  bool take_null(const std::string& key);
  std::string at(const std::string& key) const { return place_ + "." + key; }

  std::map<std::string_view, const Json*> left_;
  std::string place_;
};

}  // namespace skc::detail
