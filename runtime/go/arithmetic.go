package skc

import "math"

// checkArithmetic refuses a thread whose floats are not those of IEEE 754: a library built for speed may have changed
// the mode.
//
// A denormal that vanishes was flushed to zero; 1 + 2^-53 is a tie, and 1 + 1.5·2^-53 lies above one, so rounding to
// nearest even gives 1 and the next float.
func checkArithmetic() *Error {
	what := oddArithmetic(1, math.SmallestNonzeroFloat64, 0x1p-53, 0x1p-1022)
	if what == "" {
		return nil
	}
	hint := "a library changed this setting, often one built with -ffast-math: load the artifact before or without it"
	return newError(CodeHostArithmetic, "this thread "+what, hint)
}

// oddArithmetic takes its numbers as arguments and is not inlined, so that the compiler cannot compute the results.
//
//go:noinline
func oddArithmetic(one, tiny, halfULP, smallestNormal float64) string {
	if tiny*one == 0 || smallestNormal/(one+one) == 0 {
		return "flushes denormals to zero"
	}
	isNearest := one+halfULP == one && one+1.5*halfULP > one && -one-halfULP == -one
	if !isNearest {
		return "does not round to nearest"
	}
	return ""
}
