#include "arithmetic.hpp"

#include <gtest/gtest.h>

#include <cfenv>

#include "artifact.hpp"

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace {

// Puts the arithmetic of this thread back at the end.
class Restored {
 public:
  Restored() { std::fegetenv(&environment_); }
  Restored(const Restored&) = delete;
  Restored& operator=(const Restored&) = delete;
  ~Restored() { std::fesetenv(&environment_); }

 private:
  std::fenv_t environment_;
};

void expect_refused() {
  EXPECT_EQ(code_of(skc::detail::check_arithmetic), "host-arithmetic");
  EXPECT_EQ(code_of(skc::detail::check_arithmetic_register), "host-arithmetic");
}

TEST(Arithmetic, of_a_usual_thread_is_accepted) {
  EXPECT_NO_THROW(skc::detail::check_arithmetic());
  EXPECT_NO_THROW(skc::detail::check_arithmetic_register());
}

#if defined(__SSE2__)
TEST(Arithmetic, that_flushes_to_zero_is_refused) {
  for (const unsigned bits : {1u << 15, 1u << 6, 1u << 15 | 1u << 6}) {
    const Restored restored;
    _mm_setcsr(_mm_getcsr() | bits);
    expect_refused();
  }
}

TEST(Arithmetic, that_was_switched_after_loading_is_refused_too) {
  SKC_NEEDS_RIDES();
  const auto transformer = skc::Transformer::load(rides());
  const Restored restored;
  _mm_setcsr(_mm_getcsr() | 1u << 15);
  EXPECT_EQ(code_of([&] { transformer.transform(ride()); }), "host-arithmetic");
  EXPECT_EQ(load_code(rides()), "host-arithmetic");
}
#endif

TEST(Arithmetic, that_does_not_round_to_nearest_is_refused) {
  for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
    const Restored restored;
    if (std::fesetround(mode) != 0) continue;
    expect_refused();
  }
}

}  // namespace
