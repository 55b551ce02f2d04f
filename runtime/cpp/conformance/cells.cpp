#include "cells.hpp"

#include <charconv>
#include <chrono>
#include <limits>
#include <set>
#include <stdexcept>
#include <string_view>

namespace conformance {

namespace {

[[noreturn]] void refuse(const std::string& cell) { throw std::invalid_argument("this is no cell: " + cell); }

std::string bytes_of(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    int byte = 0;
    std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

skc::Value integer_of(const std::string& decimal) {
  const char* end = decimal.data() + decimal.size();
  std::int64_t number = 0;
  if (std::from_chars(decimal.data(), end, number).ec == std::errc()) return number;
  std::uint64_t large = 0;
  const auto [stop, status] = std::from_chars(decimal.data(), end, large);
  if (status == std::errc() && stop == end) return large;
  return skc::BigInteger{decimal};
}

double float_of(const Json& cell) {
  if (cell.is_number()) return cell.get<double>();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (cell == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (cell == "Infinity") return infinity;
  if (cell == "-Infinity") return -infinity;
  if (cell == "-0.0") return -0.0;
  refuse(cell.dump());
}

long long number_at(const std::string& text, std::size_t place, std::size_t length) {
  long long number = 0;
  const char* start = text.data() + std::min(place, text.size());
  const char* stop = text.data() + std::min(place + length, text.size());
  const auto [end, status] = std::from_chars(start, stop, number);
  if (status != std::errc() || end != stop) refuse(text);
  return number;
}

skc::Date day_of(const std::string& text) {
  return {static_cast<int>(number_at(text, 0, 4)), static_cast<unsigned>(number_at(text, 5, 2)),
          static_cast<unsigned>(number_at(text, 8, 2))};
}

// Seconds of an offset such as +05:30, +05:30:15 or Z.
long long offset_of(const std::string& text) {
  if (text == "Z") return 0;
  const long long seconds = text.size() > 6 ? number_at(text, 7, 2) : 0;
  const long long size = number_at(text, 1, 2) * 3600 + number_at(text, 4, 2) * 60 + seconds;
  return text.at(0) == '-' ? -size : size;
}

// 2024-02-29T07:00:00.000001-05:00, as a time of the system clock in the precision that was given.
skc::Value instant_of(const std::string& text) {
  using namespace std::chrono;
  const std::size_t zone = text.find_first_of("Z+-", 19);
  if (zone == std::string::npos) refuse(text);
  const long long of_day = number_at(text, 11, 2) * 3600 + number_at(text, 14, 2) * 60 + number_at(text, 17, 2);
  const seconds whole(day_of(text).days() * 86400 + of_day - offset_of(text.substr(zone)));
  const std::string fraction = zone > 20 ? text.substr(20, zone - 20) : "0";
  const std::string padded = (fraction + "000000000").substr(0, 9);
  const long long rest = number_at(padded, 0, 9);
  if (rest % 1000 != 0) return time_point<system_clock, nanoseconds>(whole + nanoseconds(rest));
  return time_point<system_clock, microseconds>(whole + microseconds(rest / 1000));
}

skc::Value value_of(const Json& cell) {
  if (cell.is_null()) return nullptr;
  if (cell.is_boolean()) return cell.get<bool>();
  if (cell.is_string()) return cell.get<std::string>();
  if (cell.is_number()) return cell.get<double>();
  if (!cell.is_object() || cell.size() != 1) refuse(cell.dump());
  const std::string& kind = cell.begin().key();
  const Json& given = cell.begin().value();
  if (kind == "int") return integer_of(given.get<std::string>());
  if (kind == "float") return float_of(given);
  if (kind == "null" || kind == "missing") return nullptr;
  if (kind == "bool") return given.get<bool>();
  if (kind == "string") return given.get<std::string>();
  if (kind == "utf8") return bytes_of(given.get<std::string>());
  if (kind == "bytes" || kind == "list" || kind == "object") return skc::Unsupported{kind};
  if (kind == "instant") return instant_of(given.get<std::string>());
  if (kind == "day") return day_of(given.get<std::string>());
  refuse(cell.dump());
}

std::string bytes_of_base64(const std::string& text) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const std::size_t six = alphabet.find(c);
    if (six == std::string_view::npos) continue;  // padding
    bits = bits << 6 | static_cast<std::uint32_t>(six);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes += static_cast<char>(bits >> held & 0xff);
  }
  return bytes;
}

bool is_missing(const Json& cell) { return cell.is_object() && cell.contains("missing"); }

}  // namespace

const std::vector<std::string>& inexpressible() {
  static const std::vector<std::string> kinds = {"utf16", "naive", "clock"};
  return kinds;
}

std::string body_of(const Json& parts) {
  std::string body;
  for (const Json& part : parts) {
    const std::string data = bytes_of_base64(part.at(0).get<std::string>());
    for (int i = 0; i < part.at(1).get<int>(); ++i) body += data;
  }
  return body;
}

skc::Record record_of(const Json& cells) {
  skc::Record record;
  for (const auto& [name, cell] : cells.items()) {
    if (!is_missing(cell)) record.add(name, value_of(cell));
  }
  return record;
}

skc::Columns columns_of(const Json& columns) {
  skc::Columns found;
  for (const auto& [name, cells] : columns.items()) {
    std::vector<skc::Value> values;
    for (const Json& cell : cells) values.push_back(value_of(cell));
    found.add(name, std::move(values));
  }
  return found;
}

skc::Columns columns_of(const std::vector<skc::Record>& records) {
  std::set<std::string> names;
  for (const skc::Record& record : records) {
    for (const auto& entry : record) names.insert(entry.first);
  }
  skc::Columns found;
  for (const std::string& name : names) {
    std::vector<skc::Value> values;
    for (const skc::Record& record : records) {
      const skc::Value* value = record.find(name);
      values.push_back(value == nullptr ? skc::Value() : *value);
    }
    found.add(name, std::move(values));
  }
  return found;
}

}  // namespace conformance
