#include <gtest/gtest.h>

#include "artifact.hpp"
#include "model_scan.hpp"
#include "utf8.hpp"

namespace {

using skc::detail::refuse_external_data;

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
  return code_of([&] { refuse_external_data(model); });
}

TEST(ModelScan, finds_a_tensor_in_another_file_wherever_it_is) {
  const std::string tensor = field(13, field(1, "location") + field(2, "weights.bin"));
  const std::string in_graph = field(5, tensor), in_node = field(1, field(5, field(5, tensor)));
  EXPECT_EQ(scan_code(field(7, in_graph)), "artifact-unsafe");
  EXPECT_EQ(scan_code(field(7, in_node)), "artifact-unsafe");
  EXPECT_EQ(scan_code(field(7, field(1, field(5, field(6, in_graph))))), "artifact-unsafe");       // in a subgraph
  EXPECT_EQ(scan_code(field(25, field(7, field(5, field(5, tensor))))), "artifact-unsafe");        // in a function
  EXPECT_EQ(scan_code(field(7, field(5, field(8, "location") + "\x70\x01"))), "artifact-unsafe");  // data_location 1
}

TEST(ModelScan, lets_the_word_pass_where_it_is_no_key) {
  EXPECT_EQ(scan_code(field(7, field(5, field(9, "location") + std::string("\x70\x00", 2)))), "");
  EXPECT_EQ(scan_code(field(2, "location")), "");
  EXPECT_EQ(scan_code("no protobuf, but without the word"), "");
}

TEST(ModelScan, refuses_what_is_cut_off) {
  EXPECT_EQ(scan_code(field(7, "location of it").substr(0, 12)), "model-refused");
  EXPECT_EQ(scan_code("\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01location"), "model-refused");
  EXPECT_EQ(scan_code("\x3b\x08location"), "model-refused");  // a group
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
