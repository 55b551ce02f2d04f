// Whether the floats of this thread are those of IEEE 754: a library built for speed may have changed the mode.
#pragma once

// Compiled this way, the library itself would compute other values than the compiler of the artifact did.
#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "skc must not be compiled with -ffast-math, -Ofast or -ffinite-math-only"
#endif

namespace skc::detail {

// Throws ArtifactError `host-arithmetic` if this thread flushes denormals to zero or does not round to nearest.
void check_arithmetic();

// The same in a few nanoseconds for every request, if the processor has a register for it; otherwise nothing.
void check_arithmetic_register();

}  // namespace skc::detail
