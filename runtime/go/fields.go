package skc

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const rebuildHint = "the artifact is damaged or was edited by hand: compile it again"

// malformed is the error for JSON that does not match its schema.
func malformed(place, message string) *Error {
	return newError(CodeArtifactMalformed, place+": "+message, rebuildHint)
}

// failure holds the first error in a document.
type failure struct{ first *Error }

func (f *failure) note(err *Error) {
	if f.first == nil {
		f.first = err
	}
}

// fields is one JSON object being read: keys are taken by type, and done refuses the remaining ones.
//
// Why errors are recorded instead of returned: reading twenty fields then takes twenty lines. After the first error,
// values are zero; check the error before using them.
type fields struct {
	*failure
	left  map[string]any
	place string
}

func newFields(value any, place string, fail *failure) *fields {
	object, isObject := value.(map[string]any)
	if !isObject {
		fail.note(malformed(place, fmt.Sprintf("expected an object, got %s", shown(value))))
	}
	left := make(map[string]any, len(object))
	for key, item := range object {
		left[key] = item
	}
	return &fields{fail, left, place}
}

func (f *fields) take(key string) any {
	value, isThere := f.left[key]
	if !isThere {
		f.note(malformed(f.place, fmt.Sprintf("`%s` is missing", key)))
	}
	delete(f.left, key)
	return value
}

// isNull reports whether a key is present and null, and takes it if so.
func (f *fields) isNull(key string) bool {
	value, isThere := f.left[key]
	if !isThere || value != nil {
		return false
	}
	delete(f.left, key)
	return true
}

// typed is the value of a key, which must be of type T exactly.
func typed[T any](f *fields, key, noun string) T {
	return checked[T](f, f.take(key), f.place+"."+key, noun)
}

func checked[T any](f *fields, given any, place, noun string) T {
	value, isOfType := given.(T)
	if !isOfType {
		f.note(malformed(place, fmt.Sprintf("expected %s, got %s", noun, shown(given))))
	}
	if text, isText := given.(string); isText {
		f.checkText(text, place)
	}
	return value
}

// checkText refuses a lone surrogate (JSON can escape one) and NUL: no other language could represent the name.
func (f *fields) checkText(text, place string) {
	if !utf8.ValidString(text) {
		f.note(malformed(place, shown(text)+" contains a lone surrogate"))
	}
	if strings.IndexByte(text, 0) >= 0 {
		f.note(malformed(place, shown(text)+" contains a NUL"))
	}
}

func (f *fields) text(key string) string { return typed[string](f, key, "a string") }

func (f *fields) flag(key string) bool { return typed[bool](f, key, "true or false") }

// optionalText is nil for null.
func (f *fields) optionalText(key string) *string {
	if f.isNull(key) {
		return nil
	}
	text := f.text(key)
	return &text
}

func (f *fields) oneOf(key string, words ...string) string {
	word := f.text(key)
	if !slices.Contains(words, word) {
		wanted := strings.Join(words, ", ")
		f.note(malformed(f.place+"."+key, fmt.Sprintf("expected one of %s, got %s", wanted, shown(word))))
	}
	return word
}

func (f *fields) integer(key string, low, high int64) int64 {
	written := typed[number](f, key, "an integer")
	value, err := strconv.ParseInt(string(written), 10, 64)
	if err != nil || value < low || value > high {
		f.note(malformed(f.place+"."+key, fmt.Sprintf("expected %d to %d, got %s", low, high, written)))
	}
	return value
}

func (f *fields) items(key string) []any { return typed[[]any](f, key, "an array") }

func (f *fields) objects(key string) []*fields {
	items := f.items(key)
	found := make([]*fields, len(items))
	for i, item := range items {
		found[i] = newFields(item, fmt.Sprintf("%s.%s[%d]", f.place, key, i), f.failure)
	}
	return found
}

func (f *fields) texts(key string) []string { return listed[string](f, key, "a string") }

func (f *fields) flags(key string) []bool { return listed[bool](f, key, "true or false") }

func listed[T any](f *fields, key, noun string) []T {
	items := f.items(key)
	found := make([]T, len(items))
	for i, item := range items {
		found[i] = checked[T](f, item, fmt.Sprintf("%s.%s[%d]", f.place, key, i), noun)
	}
	return found
}

func (f *fields) object(key string) *fields {
	return newFields(f.take(key), f.place+"."+key, f.failure)
}

// optionalObject is nil for null.
func (f *fields) optionalObject(key string) *fields {
	if f.isNull(key) {
		return nil
	}
	return f.object(key)
}

// textsByKey is an object of strings. The caller checks its keys.
func (f *fields) textsByKey(key string) map[string]string {
	object := f.object(key)
	found := make(map[string]string, len(object.left))
	for name := range object.left {
		found[name] = object.text(name)
	}
	return found
}

// done refuses any key that was not taken.
func (f *fields) done() {
	for _, key := range sortedKeys(f.left) {
		f.note(malformed(f.place, "unknown key "+shown(key)))
	}
}

func sortedKeys[V any](values map[string]V) []string {
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
