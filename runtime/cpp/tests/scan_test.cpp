#include <gtest/gtest.h>

#include "artifact.hpp"
#include "model_scan.hpp"
#include "utf8.hpp"

namespace {

using skc::detail::scan_model;

// A field of a protobuf message that holds bytes shorter than 128.
std::string field(int number, const std::string& bytes) {
  const int tag = number << 3 | 2;
  std::string found;
  if (tag < 128) {
    found += static_cast<char>(tag);
  } else {
    found += static_cast<char>((tag & 127) | 128);
    found += static_cast<char>(tag >> 7);
  }
  return found + static_cast<char>(bytes.size()) + bytes;
}

std::string scan_code(const std::string& model) {
  return code_of([&] { scan_model(model); });
}

// A model whose graph has these fields.
std::string graph(const std::string& fields) { return field(7, fields); }

std::string node(const std::string& op, const std::string& domain = "") {
  return field(1, field(4, op) + field(7, domain));
}

// A model with a Constant of a tensor of these fields.
std::string constant(const std::string& tensor) {
  return graph(field(1, field(4, "Constant") + field(5, field(5, tensor) + "\xa0\x01\x04")));
}

// Every kind of forged model is in the conformance suite, and refused alike in every language; here are the rules.
TEST(ModelScan, lets_pass_what_skc_emits) {
  const std::string raw = field(9, std::string(16, '\0')), float64s = "\x10\x0b";
  EXPECT_EQ(scan_code(""), "");
  EXPECT_EQ(scan_code(graph(field(2, "location"))), "");
  EXPECT_EQ(scan_code(graph(node("LabelEncoder", "ai.onnx.ml"))), "");
  EXPECT_EQ(scan_code(constant("\x08\x01\x08\x02" + float64s + raw)), "");
  EXPECT_EQ(scan_code(constant(field(1, "\x01\x02") + float64s + raw)), "");  // a packed shape
  EXPECT_EQ(scan_code(constant("\x08\x01\x08\x03" + float64s + raw)), "artifact-unsafe");
}

TEST(ModelScan, refuses_what_skc_never_emits) {
  EXPECT_EQ(scan_code(graph(node("Loop"))), "artifact-unsafe");
  EXPECT_EQ(scan_code(graph(node("Add", "ai.onnx"))), "artifact-unsafe");
  EXPECT_EQ(scan_code(graph(field(5, ""))), "artifact-unsafe");            // an initializer
  EXPECT_EQ(scan_code(constant("\x10\x0b" + field(13, ""))), "artifact-unsafe");  // external data
  EXPECT_EQ(scan_code(field(25, "")), "artifact-unsafe");                  // a function
  EXPECT_EQ(scan_code(graph("") + graph("")), "artifact-unsafe");
  EXPECT_EQ(scan_code(std::string("\xba\x80\x80\x80\x10\0", 6)), "artifact-unsafe");  // a tag of 33 bits
  EXPECT_EQ(scan_code(std::string("\xba\0\0", 3)), "artifact-unsafe");                // a tag that is too long
}

TEST(ModelScan, refuses_what_is_not_protobuf) {
  EXPECT_EQ(scan_code(graph("truncated").substr(0, 5)), "model-refused");
  EXPECT_EQ(scan_code("\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "model-refused");
  EXPECT_EQ(scan_code("\x3b"), "model-refused");  // a group
}

TEST(Utf8, finds_faults_at_every_place) {
  using skc::detail::text_fault;
  using skc::detail::TextFault;
  for (std::size_t before = 0; before < 20; ++before) {
    const std::string start(before, 'a');
    for (const char* end : {"", "z", "zzzzzzzzzz"}) {
      EXPECT_EQ(text_fault(start + "é😀\x7f" + end), TextFault::none);
      EXPECT_EQ(text_fault(start + std::string(1, '\0') + end), TextFault::nul);
      for (const char* bad : {"\xff", "\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\xbd",
                              "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xc3", "\xf0\x9f\x98"}) {
        EXPECT_EQ(text_fault(start + bad + end), TextFault::invalid);
      }
    }
  }
}

}  // namespace
