// Why on top of nlohmann/json: its grammar of strings and numbers is well tried, but by itself it takes the last of
// duplicate keys, skips a byte order mark, ends at a NUL, nests without limit, and reads floats with strtod, which
// follows the locale of the host.
#include "strict_json.hpp"

#include <locale.h>
#if defined(__APPLE__)
#include <xlocale.h>
#endif

#include "errors.hpp"

namespace skc::detail {

namespace {

constexpr std::size_t max_depth = 64;

// The locale of C for this thread, as long as the object lives.
class PlainNumbers {
 public:
  PlainNumbers() : before_(uselocale(plain())) {}
  PlainNumbers(const PlainNumbers&) = delete;
  PlainNumbers& operator=(const PlainNumbers&) = delete;
  ~PlainNumbers() { uselocale(before_); }

 private:
  static locale_t plain() {
    static const locale_t locale = newlocale(LC_ALL_MASK, "C", static_cast<locale_t>(0));
    return locale;
  }
  locale_t before_;
};

class Builder : public nlohmann::json_sax<Json> {
 public:
  explicit Builder(const std::string& place) : place_(place) {}

  Json take() { return std::move(root_); }

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(Json::number_integer_t value) override { return put(value); }
  bool number_unsigned(Json::number_unsigned_t value) override { return put(value); }
  bool string(std::string& value) override { return put(std::move(value)); }
  bool binary(Json::binary_t&) override { throw_malformed(place_, "not valid JSON"); }

  bool number_float(Json::number_float_t value, const std::string&) override { return put(value); }

  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(std::string& value) override {
    const auto [slot, is_new] = open_.back()->get_ref<Json::object_t&>().emplace(value, nullptr);
    if (!is_new) throw_malformed(place_, "not valid JSON: duplicate key " + shown(value));
    slot_ = &slot->second;
    return true;
  }

  bool parse_error(std::size_t byte, const std::string&, const nlohmann::detail::exception& error) override {
    throw_malformed(place_, "not valid JSON at byte " + std::to_string(byte) + ": " + shown(error.what(), 200));
  }

 private:
  // The container stays open while its parts are read. Pointers into a container stay valid: only the innermost one
  // grows.
  bool open(Json container) {
    if (open_.size() >= max_depth) throw_malformed(place_, "not valid JSON: nested too deep");
    Json& placed = place(std::move(container));
    open_.push_back(&placed);
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }
  bool put(Json value) {
    place(std::move(value));
    return true;
  }
  Json& place(Json value) {
    if (open_.empty()) return root_ = std::move(value);
    if (open_.back()->is_object()) return *slot_ = std::move(value);
    auto& items = open_.back()->get_ref<Json::array_t&>();
    items.push_back(std::move(value));
    return items.back();
  }

  const std::string& place_;
  Json root_;
  std::vector<Json*> open_;
  Json* slot_ = nullptr;  // where the value of the last key goes
};

}  // namespace

void throw_malformed(const std::string& place, const std::string& message) {
  throw_artifact("artifact-malformed", place + ": " + message,
                 "the artifact is damaged, or was edited by hand: compile it again");
}

Json parse_json(std::string_view text, const std::string& place) {
  if (text.substr(0, 3) == "\xef\xbb\xbf") throw_malformed(place, "not valid JSON: a byte order mark");
  if (text.find('\0') != std::string_view::npos) throw_malformed(place, "not valid JSON: a NUL");
  const PlainNumbers plain_numbers;
  Builder builder(place);
  Json::sax_parse(text.begin(), text.end(), &builder);
  return builder.take();
}

std::string shown_json(const Json& value) {
  if (value.is_string()) return shown(value.get_ref<const std::string&>());
  if (value.is_number_float()) return shown(value.get<double>());
  if (value.is_structured()) return value.is_array() ? "an array" : "an object";
  return value.dump();
}

Fields::Fields(const Json& value, std::string place) : place_(std::move(place)) {
  if (!value.is_object()) throw_malformed(place_, "an object is wanted, not " + shown_json(value));
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
  if (!value.is_string()) throw_malformed(place, "a string is wanted, not " + shown_json(value));
  const auto& text = value.get_ref<const std::string&>();
  // The parser has refused lone surrogates; a NUL no other language could hold in a name.
  if (text.find('\0') != std::string::npos) throw_malformed(place, shown(text) + " holds a NUL");
  return text;
}

bool flag_of(const Json& value, const std::string& place) {
  if (!value.is_boolean()) throw_malformed(place, "true or false is wanted, not " + shown_json(value));
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
  throw_malformed(at(key), "one of " + listed + " is wanted, not " + shown(word));
}

bool Fields::flag(const std::string& key) { return flag_of(take(key), at(key)); }

std::int64_t Fields::number(const std::string& key, std::int64_t low, std::int64_t high) {
  const Json& value = take(key);
  if (!value.is_number_integer()) throw_malformed(at(key), "an integer is wanted, not " + shown_json(value));
  const bool is_huge = value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX;
  const std::int64_t number = is_huge ? INT64_MAX : value.get<std::int64_t>();
  if (number < low || number > high) {
    const std::string bounds = std::to_string(low) + " to " + std::to_string(high);
    throw_malformed(at(key), bounds + " is wanted, not " + shown_json(value));
  }
  return number;
}

const Json& Fields::array(const std::string& key) {
  const Json& value = take(key);
  if (!value.is_array()) throw_malformed(at(key), "an array is wanted, not " + shown_json(value));
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
