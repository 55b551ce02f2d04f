#include <gtest/gtest.h>

#include <string>

#include "files.hpp"

namespace {

using skc::detail::sha256;

// The examples of FIPS 180-2, and those of NIST for lengths at the edges of a block.
TEST(Sha256, gives_the_published_digests) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256(std::string(55, '\0')), "02779466cdec163811d078815c633f21901413081449002f24aa3e80f0b88ef7");
  EXPECT_EQ(sha256(std::string(56, '\0')), "d4817aa5497628e7c77e6b606107042bbba3130888c5f47a375e6179be789fbb");
  EXPECT_EQ(sha256(std::string(64, '\0')), "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b");
  EXPECT_EQ(sha256(std::string(1000000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// Read as it lies: the bytes of a file begin anywhere.
TEST(Sha256, does_not_depend_on_where_the_bytes_lie) {
  const std::string abc = "....abc";
  EXPECT_EQ(sha256(std::string_view(abc).substr(4)), sha256("abc"));
  EXPECT_EQ(sha256(std::string_view("xabcx").substr(1, 3)), sha256("abc"));
}

}  // namespace
