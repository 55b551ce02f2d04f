package main

/*
#include <fenv.h>
#cgo LDFLAGS: -lm

#if defined(__x86_64__)
#include <xmmintrin.h>

// Flush to zero and denormals are zero.
static int set_flush(int on) {
	unsigned int flags = 0x8040;
	_mm_setcsr(on ? _mm_getcsr() | flags : _mm_getcsr() & ~flags);
	return 1;
}
#elif defined(__aarch64__)
#include <stdint.h>

static int set_flush(int on) {
	uint64_t control, flag = 1 << 24;
	__asm__ volatile("mrs %0, fpcr" : "=r"(control));
	control = on ? control | flag : control & ~flag;
	__asm__ volatile("msr fpcr, %0" : : "r"(control));
	return 1;
}
#else
static int set_flush(int on) { return !on; }
#endif

static int set_rounding(char mode) {
	switch (mode) {
	case 'n': return fesetround(FE_TONEAREST) == 0;
	case 'u': return fesetround(FE_UPWARD) == 0;
	case 'd': return fesetround(FE_DOWNWARD) == 0;
	case 'z': return fesetround(FE_TOWARDZERO) == 0;
	}
	return 0;
}
*/
import "C"

import "runtime"

// setArithmetic sets the floating-point mode of the main goroutine's thread, and reports whether it could. The
// goroutine stays on that thread from the first request on, so that a later load runs in that mode.
func setArithmetic(flushToZero bool, rounding string) bool {
	runtime.LockOSThread()
	flush, mode := C.int(0), C.char(0)
	if flushToZero {
		flush = 1
	}
	if len(rounding) > 0 {
		mode = C.char(rounding[0])
	}
	isRounding := C.set_rounding(mode) != 0
	return C.set_flush(flush) != 0 && isRounding
}
