#include "arithmetic.hpp"

#include <cstdint>

#include "errors.hpp"

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace skc::detail {

namespace {

[[noreturn]] void refuse(bool is_flushed) {
  throw_artifact(
      "host-arithmetic",
      std::string("this thread ") + (is_flushed ? "flushes denormals to zero" : "does not round to nearest"),
      "a library changed this setting, often one built with -ffast-math: load the artifact before or without it");
}

}  // namespace

// A denormal that vanishes was flushed to zero; 1 + 2^-53 is a tie, and 1 + 1.5·2^-53 lies above one, so rounding to
// nearest even gives 1 and the next float. Volatile, so that the optimiser cannot fold what the thread would compute.
void check_arithmetic() {
  volatile double one = 1.0, tiny = 0x1p-1074, smallest_normal = 0x1p-1022, half_ulp = 0x1p-53;
  volatile double denormal_in = tiny * one;
  volatile double denormal_out = smallest_normal / (one + one);
  const bool is_flushed = denormal_in == 0.0 || denormal_out == 0.0;
  volatile double tie = one + half_ulp, above = one + 1.5 * half_ulp, negative_tie = -one - half_ulp;
  const bool is_nearest = tie == one && above > one && negative_tie == -one;
  if (is_flushed || !is_nearest) refuse(is_flushed);
}

void check_arithmetic_register() {
#if defined(__SSE2__)
  constexpr unsigned flush_to_zero = 1u << 15, denormals_are_zero = 1u << 6, rounding = 3u << 13;
  const unsigned control = _mm_getcsr();
  if ((control & (flush_to_zero | denormals_are_zero | rounding)) == 0) return;
  refuse((control & (flush_to_zero | denormals_are_zero)) != 0);
#elif defined(__aarch64__)
  constexpr std::uint64_t flush_to_zero = 1u << 24, rounding = 3u << 22;
  std::uint64_t control = 0;
  __asm__ volatile("mrs %0, fpcr" : "=r"(control));
  if ((control & (flush_to_zero | rounding)) == 0) return;
  refuse((control & flush_to_zero) != 0);
#endif
}

}  // namespace skc::detail
