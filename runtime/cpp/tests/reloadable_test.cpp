#include "skc/reloadable.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>

#include "artifact.hpp"

namespace {

namespace fs = std::filesystem;

// A link that is switched, in a folder that goes away with the object.
class Link {
 public:
  explicit Link(const fs::path& artifact) : folder_(fs::temp_directory_path() / ("skc-reload-" + std::to_string(::getpid()))) {
    fs::create_directories(folder_);
    lead_to(artifact);
  }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  ~Link() { fs::remove_all(folder_); }

  void lead_to(const fs::path& artifact) const {
    fs::create_directory_symlink(fs::absolute(artifact), folder_ / "made");
    fs::rename(folder_ / "made", path());
  }
  std::string path() const { return folder_ / "served"; }

 private:
  fs::path folder_;
};

skc::ReloadOptions by_hand() {
  skc::ReloadOptions options;
  options.interval = std::chrono::milliseconds(0);
  return options;
}

template <class Call>
std::string code_of(const Call& call) {
  try {
    call();
  } catch (const skc::Error& error) {
    return error.code();
  }
  return "";
}

// That no call fails and no answer is mixed while a folder is replaced is in the conformance suite.
TEST(Reloadable, keeps_what_is_held) {
  SKC_NEEDS_RIDES();
  const Link link(rides("columns"));
  skc::Reloadable reloadable(link.path(), by_hand());
  const auto held = reloadable.current();
  EXPECT_FALSE(reloadable.reload());
  link.lead_to(rides("packed"));
  EXPECT_EQ(reloadable.current(), held);  // nobody looks
  EXPECT_TRUE(reloadable.reload());
  EXPECT_NE(reloadable.current()->identity(), held->identity());
  static_cast<void>(held->transform(ride()));
  static_cast<void>(reloadable.transform(ride()));
}

TEST(Reloadable, serves_a_body_of_json) {
  SKC_NEEDS_RIDES();
  const Link link(rides("columns"));
  const skc::Reloadable reloadable(link.path(), by_hand());
  EXPECT_EQ(reloadable.transform_json("[]").rows(), 0U);
  EXPECT_EQ(code_of([&] { static_cast<void>(reloadable.transform_json("[")); }), "malformed-json");
}

TEST(Reloadable, throws_a_refusal_and_serves_on) {
  SKC_NEEDS_RIDES();
  const Link link(rides("columns"));
  skc::Reloadable reloadable(link.path(), by_hand());
  const auto held = reloadable.current();
  link.lead_to("nowhere");
  EXPECT_EQ(code_of([&] { reloadable.reload(); }), "artifact-not-found");
  ASSERT_NE(reloadable.last_error(), nullptr);
  EXPECT_EQ(reloadable.last_error()->code(), "artifact-not-found");
  EXPECT_EQ(reloadable.current(), held);
  link.lead_to(rides("columns"));
  EXPECT_FALSE(reloadable.reload());
  EXPECT_EQ(reloadable.last_error(), nullptr);
}

TEST(Reloadable, is_closed_once_for_all) {
  SKC_NEEDS_RIDES();
  skc::Reloadable reloadable(rides().string());
  reloadable.close();
  reloadable.close();
  EXPECT_EQ(code_of([&] { reloadable.current(); }), "closed");
  EXPECT_EQ(code_of([&] { reloadable.reload(); }), "closed");
}

TEST(Reloadable, refuses_what_it_cannot_begin_with) {
  SKC_NEEDS_ONNXRUNTIME();
  EXPECT_EQ(code_of([] { skc::Reloadable("/nonexistent"); }), "artifact-not-found");
  skc::ReloadOptions options;
  options.interval = std::chrono::milliseconds(-1);
  EXPECT_EQ(code_of([&] { skc::Reloadable("/nonexistent", options); }), "invalid-option");
}

}  // namespace
