package skc

/*
#include <stdlib.h>

// A function of the binding, which calls the one of ONNX Runtime. Weak: without it a tensor is filled by the binding's Go.
__attribute__((weak)) void *FillStringTensor(void *tensor, char **texts, size_t count);

static int skc_can_fill(void) { return FillStringTensor != NULL; }

// Fills a tensor with texts that follow one another in memory, each with a NUL at its end. Returns 0 if that fails.
static int skc_fill(void *tensor, char *bytes, const size_t *starts, size_t count) {
	char *few[64], **texts = few;
	if (count > 64 && (texts = malloc(count * sizeof *texts)) == NULL) return 0;
	for (size_t i = 0; i < count; ++i) texts[i] = bytes + starts[i];
	void *status = FillStringTensor(tensor, texts, count);
	if (texts != few) free(texts);
	return status == NULL;
}
*/
import "C"

import (
	"reflect"
	"unsafe"

	ort "github.com/yalue/onnxruntime_go"
)

// textArena holds the texts of one tensor as C has them.
//
// Why: the binding allocates each text in C and frees it again, two calls into C for each of them, which for a record of
// 26 texts is a third of its time.
type textArena struct {
	tensor unsafe.Pointer
	bytes  []byte
	starts []C.size_t
}

// newTextArena returns nil if the binding does not have what this needs.
func newTextArena(value *ort.StringTensor) *textArena {
	if C.skc_can_fill() == 0 {
		return nil
	}
	internals := reflect.ValueOf(value.GetInternals()).Elem()
	if internals.NumField() != 1 || internals.Field(0).Kind() != reflect.Pointer {
		return nil
	}
	return &textArena{tensor: internals.Field(0).UnsafePointer()}
}

// fill sets the texts of the tensor, and reports whether it could.
func (a *textArena) fill(texts []string) bool {
	if len(texts) == 0 {
		return true
	}
	a.bytes, a.starts = a.bytes[:0], a.starts[:0]
	for _, text := range texts {
		a.starts = append(a.starts, C.size_t(len(a.bytes)))
		a.bytes = append(append(a.bytes, text...), 0)
	}
	return C.skc_fill(a.tensor, (*C.char)(unsafe.Pointer(&a.bytes[0])), &a.starts[0], C.size_t(len(texts))) != 0
}

// clear empties all texts of the tensor.
func (a *textArena) clear(count int) bool {
	if len(a.starts) != count {
		a.bytes, a.starts = []byte{0}, make([]C.size_t, count)
	}
	return count == 0 || C.skc_fill(a.tensor, (*C.char)(unsafe.Pointer(&a.bytes[0])), &a.starts[0], C.size_t(count)) != 0
}
