#include "json_reader.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "errors.hpp"
#include "utf8.hpp"

namespace skc::detail {

namespace {

constexpr std::size_t longest_int64 = 18;  // digits that always fit
constexpr std::size_t huge_digits = 400;   // of an integer beyond any double and int64

bool is_surrogate(std::uint32_t unit) noexcept { return unit >= 0xd800 && unit < 0xe000; }

// Also of half of a surrogate pair, as the three bytes that would encode it: they are not UTF-8, so the string that
// contains them is refused when it is used.
void append_utf8(std::string& text, std::uint32_t code) {
  const auto add = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (code < 0x80) return add(code);
  if (code < 0x800) {
    add(0xc0 | code >> 6);
  } else {
    if (code < 0x10000) {
      add(0xe0 | code >> 12);
    } else {
      add(0xf0 | code >> 18);
      add(0x80 | (code >> 12 & 0x3f));
    }
    add(0x80 | (code >> 6 & 0x3f));
  }
  add(0x80 | (code & 0x3f));
}

// Whether a number that is not a double is too large, not too near to zero.
bool is_huge(std::string_view text) {
  if (text[0] == '-') text.remove_prefix(1);
  const std::size_t end = std::min(text.find_first_of("eE"), text.size());
  const std::string_view mantissa = text.substr(0, end);
  const auto point = static_cast<std::int64_t>(std::min(mantissa.find('.'), mantissa.size()));
  const auto first = static_cast<std::int64_t>(mantissa.find_first_of("123456789"));
  std::int64_t exponent = 0;
  if (end < text.size()) {
    std::string_view digits = text.substr(end + 1);
    if (digits[0] == '+') digits.remove_prefix(1);
    const auto status = std::from_chars(digits.data(), digits.data() + digits.size(), exponent).ec;
    if (status != std::errc()) return digits[0] != '-';
  }
  return exponent > first - point;  // about one is far from either end
}

Value float_of(std::string_view text) {
  double value = 0;
  const auto status = std::from_chars(text.data(), text.data() + text.size(), value).ec;
  if (status == std::errc()) return value;
  const bool is_negative = text[0] == '-';
  if (!is_huge(text)) return is_negative ? -0.0 : 0.0;
  return BigInteger{(is_negative ? "-1" : "1") + std::string(huge_digits, '0')};
}

Value integer_of(std::string_view text) {
  std::int64_t value = 0;
  const auto status = std::from_chars(text.data(), text.data() + text.size(), value).ec;
  if (text.size() <= longest_int64 || status == std::errc()) return value;
  return BigInteger{std::string(text)};
}

class JsonReader {
 public:
  JsonReader(std::string_view text, std::size_t deepest) : text_(text), deepest_(deepest) {}

  JsonNode document() {
    JsonNode node = value(0);
    skip_blanks();
    if (at_ < text_.size()) fail("text after the document");
    return node;
  }

  std::optional<Value> only_number() {
    try {
      const Value found = number();
      if (at_ == text_.size()) return found;
    } catch (const RecordError&) {  // no number
    }
    return std::nullopt;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw RecordError({"malformed-json", "not valid JSON: " + what + " at byte " + std::to_string(at_), std::nullopt,
                       std::nullopt, "send JSON as in RFC 8259, without duplicate keys"});
  }

  // The next byte, NUL at the end; a NUL in the text is not a token either.
  char peek() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }

  void skip_blanks() noexcept {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) {
      ++at_;
    }
  }

  bool take(char c) noexcept {
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  bool take_word(std::string_view word) noexcept {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  JsonNode value(std::size_t depth) {
    skip_blanks();
    const char c = peek();
    if ((c == '{' || c == '[') && depth >= deepest_) fail("nested too deeply");
    if (c == '{') return {object(depth)};
    if (c == '[') return {array(depth)};
    if (c == '"') return {text_value()};
    if (c == '-' || is_digit(c)) return {number()};
    if (take_word("null")) return {Value()};
    if (take_word("true")) return {Value(true)};
    if (take_word("false")) return {Value(false)};
    fail(at_ == text_.size() ? "truncated" : "no value");
  }

  JsonArray array(std::size_t depth) {
    JsonArray items;
    ++at_;
    skip_blanks();
    if (take(']')) return items;
    do {
      items.push_back(value(depth + 1));
      skip_blanks();
    } while (take(','));
    if (!take(']')) fail("no , and no ]");
    return items;
  }

  JsonObject object(std::size_t depth) {
    JsonObject members;
    ++at_;
    skip_blanks();
    if (take('}')) return members;
    do {
      skip_blanks();
      std::string key = this->key();
      skip_blanks();
      if (!take(':')) fail("no :");
      members.push_back({std::move(key), value(depth + 1)});
      skip_blanks();
    } while (take(','));
    if (!take('}')) fail("no , and no }");
    refuse_duplicates(members);
    return members;
  }

  void refuse_duplicates(const JsonObject& members) const {
    std::vector<std::string_view> keys;
    keys.reserve(members.size());
    for (const JsonMember& member : members) keys.push_back(member.key);
    std::sort(keys.begin(), keys.end(), [](std::string_view a, std::string_view b) {
      return a.size() != b.size() ? a.size() < b.size() : a < b;  // most differ in length
    });
    const auto twice = std::adjacent_find(keys.begin(), keys.end());
    if (twice != keys.end()) fail("duplicate key " + shown(*twice));
  }

  std::string key() {
    if (peek() != '"') fail("no key");
    const std::string_view plain = plain_text();
    std::string key = take('"') ? std::string(plain) : escaped_text(plain);
    // No other language could represent the name in an error.
    if (!is_utf8(key)) fail("a lone surrogate in a key");
    return key;
  }

  Value text_value() {
    const std::string_view plain = plain_text();
    if (take('"')) return plain;
    return escaped_text(plain);
  }

  // The unescaped text after the quote.
  std::string_view plain_text() {
    const std::size_t start = ++at_;
    while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' && is_printable(text_[at_])) ++at_;
    return text_.substr(start, at_ - start);
  }

  static bool is_printable(char c) noexcept { return static_cast<unsigned char>(c) >= 0x20; }

  std::string escaped_text(std::string_view start) {
    std::string text(start);
    while (!take('"')) {
      if (at_ == text_.size()) fail("truncated");
      const char c = text_[at_];
      if (!is_printable(c)) fail("a control character in a string");
      if (c == '\\') {
        append_utf8(text, escape());
      } else {
        text += c;
        ++at_;
      }
    }
    return text;
  }

  std::uint32_t escape() {
    constexpr std::string_view names = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
    const char c = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (c == 'u') return unicode_escape();
    const std::size_t place = c == '\0' ? std::string_view::npos : names.find(c);
    if (place == std::string_view::npos) fail("no escape");
    at_ += 2;
    return static_cast<unsigned char>(meant[place]);
  }

  // A surrogate pair is one character; a lone surrogate is returned unchanged.
  std::uint32_t unicode_escape() {
    std::uint32_t first = 0, second = 0;
    if (!code_unit(at_, first)) fail("no escape is \\u without four hexadecimal digits");
    at_ += 6;
    const bool is_first_half = first >= 0xd800 && first < 0xdc00;
    if (!is_first_half || !code_unit(at_, second) || second < 0xdc00 || !is_surrogate(second)) return first;
    at_ += 6;
    return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
  }

  bool code_unit(std::size_t at, std::uint32_t& unit) const noexcept {
    if (at + 6 > text_.size() || text_[at] != '\\' || text_[at + 1] != 'u') return false;
    const char* const digits = text_.data() + at + 2;
    return std::from_chars(digits, digits + 4, unit, 16).ptr == digits + 4;
  }

  // -? (0 | [1-9][0-9]*) (\.[0-9]+)? ([eE][+-]?[0-9]+)?
  Value number() {
    const std::size_t start = at_;
    take('-');
    const bool is_zero = peek() == '0';
    const std::size_t whole = digits();
    if (whole == 0 || (is_zero && whole > 1)) fail("no number");
    bool is_float = false;
    if (take('.')) {
      is_float = true;
      if (digits() == 0) fail("no digit after the point");
    }
    if (take('e') || take('E')) {
      is_float = true;
      if (!take('+')) take('-');
      if (digits() == 0) fail("no digit in the exponent");
    }
    const std::string_view text = text_.substr(start, at_ - start);
    return is_float ? float_of(text) : integer_of(text);
  }

  std::size_t digits() noexcept {
    const std::size_t start = at_;
    while (is_digit(peek())) ++at_;
    return at_ - start;
  }

  const std::string_view text_;
  const std::size_t deepest_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<Value> read_json_number(std::string_view text) { return JsonReader(text, 0).only_number(); }

JsonNode read_json(std::string_view text, std::size_t deepest) { return JsonReader(text, deepest).document(); }

}  // namespace skc::detail
