#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "artifact.hpp"

namespace {

bool is_equal(const skc::Outputs& a, const skc::Outputs& b) {
  for (std::size_t k = 0; k < a["x"].columns(); ++k) {
    if (a["x"].at<float>(k) != b["x"].at<float>(k)) return false;
  }
  return a["ids"].at<std::int64_t>(0) == b["ids"].at<std::int64_t>(0);
}

TEST(Threads, share_a_transformer) {
  SKC_NEEDS_RIDES();
  const auto transformer = skc::Transformer::load(rides("packed"));
  std::vector<skc::Record> records(8, ride());
  std::vector<skc::Outputs> wanted;
  for (std::size_t i = 0; i < records.size(); ++i) {
    records[i]["distance_km"] = static_cast<double>(i) + 0.25;
    records[i]["zone"] = i % 2 == 0 ? skc::Value("MIDTOWN") : skc::Value("a zone with a long name that nobody knows");
    wanted.push_back(transformer.transform(records[i]));
  }
  std::atomic<int> different = 0;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < records.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int call = 0; call < 300; ++call) {
        if (!is_equal(transformer.transform(records[i]), wanted[i])) ++different;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(different, 0);
}

TEST(Close, lets_running_calls_finish_and_refuses_later_ones) {
  SKC_NEEDS_RIDES();
  auto transformer = skc::Transformer::load(rides());
  std::atomic<int> served = 0, wrong = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      std::string code;
      while (code.empty()) {
        code = code_of([&] { transformer.transform(ride()); });
        ++(code.empty() ? served : wrong);
        if (code == "closed") --wrong;
      }
    });
  }
  while (served < 50) std::this_thread::yield();
  transformer.close();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(code_of([&] { transformer.transform(ride()); }), "closed");
  EXPECT_EQ(code_of([&] { transformer.transform(std::vector<skc::Record>{}); }), "closed");
  EXPECT_EQ(code_of([&] { transformer.transform(skc::Columns()); }), "closed");
  EXPECT_EQ(transformer.describe().name, "rides");
  transformer.close();
}

TEST(Transformer, is_moved_and_not_copied) {
  static_assert(!std::is_copy_constructible_v<skc::Transformer>);
  SKC_NEEDS_RIDES();
  auto first = skc::Transformer::load(rides());
  const auto second = std::move(first);
  EXPECT_EQ(second.transform(ride()).rows(), 1u);
  EXPECT_EQ(code_of([&] { first.transform(ride()); }),
            "closed");  // NOLINT: what a moved one does is part of its contract
  EXPECT_NO_THROW(first.close());
}

TEST(Transformer, goes_on_after_a_refusal) {
  SKC_NEEDS_RIDES();
  const auto transformer = skc::Transformer::load(rides());
  const skc::Outputs before = transformer.transform(ride());
  skc::Record bad = ride();
  bad["zone"] = nullptr;
  bad["payment"] = 1;
  EXPECT_EQ(code_of([&] { transformer.transform(bad); }), "wrong-type");
  EXPECT_TRUE(is_equal(transformer.transform(ride()), before));  // nothing is left over in the buffers
}

}  // namespace
