package skc

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Why our own parser: encoding/json takes the last of two duplicate keys and replaces lone surrogates silently. Here
// both indicate a damaged or forged artifact. A lone surrogate is kept as the three bytes that would encode it, which
// are not valid UTF-8: so a name that contains one is refused, and a golden record that contains one reproduces the
// expected refusal.

// number is a JSON number as it was written.
type number string

// maxDepth, of nested arrays and objects, is far beyond what any file of an artifact needs.
const maxDepth = 256

var errCutOff = errors.New("truncated")

// parseJSON reads one document into nil, bool, number, string, []any and map[string]any.
func parseJSON(data []byte, place string) (any, *Error) {
	if !utf8.Valid(data) {
		return nil, malformed(place, "not valid JSON: not UTF-8")
	}
	r := jsonReader{data: data, deepest: maxDepth, number: func(text string) any { return number(text) }}
	value, err := r.document()
	if err != nil {
		return nil, malformed(place, "not valid JSON: "+err.Error())
	}
	return value, nil
}

type jsonReader struct {
	data    []byte
	at      int
	deepest int
	number  func(text string) any // what becomes of a number, from its text
}

// document reads the whole text, which is UTF-8.
func (r *jsonReader) document() (any, error) {
	value, err := r.value(0)
	if err == nil {
		r.skipBlanks()
		if r.at < len(r.data) {
			err = errors.New("text after the document")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%w at byte %d", err, r.at)
	}
	return value, nil
}

func (r *jsonReader) skipBlanks() {
	for r.at < len(r.data) {
		switch r.data[r.at] {
		case ' ', '\t', '\n', '\r':
			r.at++
		default:
			return
		}
	}
}

// peek is the next byte, 0 at the end; a NUL in the text is not a token either.
func (r *jsonReader) peek() byte {
	if r.at == len(r.data) {
		return 0
	}
	return r.data[r.at]
}

func (r *jsonReader) value(depth int) (any, error) {
	r.skipBlanks()
	switch c := r.peek(); {
	case (c == '{' || c == '[') && depth >= r.deepest:
		return nil, errors.New("nested too deeply")
	case c == '{':
		return r.object(depth)
	case c == '[':
		return r.array(depth)
	case c == '"':
		return r.text()
	case c == '-' || isDigit(c):
		text, err := r.digitsOfNumber()
		if err != nil {
			return nil, err
		}
		return r.number(text), nil
	}
	return r.word()
}

var words = []struct {
	text  string
	value any
}{{"null", nil}, {"true", true}, {"false", false}}

func (r *jsonReader) word() (any, error) {
	for _, word := range words {
		if end := r.at + len(word.text); end <= len(r.data) && string(r.data[r.at:end]) == word.text {
			r.at = end
			return word.value, nil
		}
	}
	if r.at == len(r.data) {
		return nil, errCutOff
	}
	return nil, errors.New("no value")
}

func (r *jsonReader) object(depth int) (any, error) {
	found := map[string]any{}
	r.at++
	for r.skipBlanks(); r.peek() != '}'; r.skipBlanks() {
		if len(found) > 0 {
			if err := r.skip(','); err != nil {
				return nil, err
			}
			r.skipBlanks()
		}
		if err := r.member(found, depth); err != nil {
			return nil, err
		}
	}
	r.at++
	return found, nil
}

func (r *jsonReader) member(found map[string]any, depth int) error {
	if r.peek() != '"' {
		return errors.New("no key")
	}
	key, err := r.text()
	if err != nil {
		return err
	}
	if !utf8.ValidString(key) { // no other language could represent the name in an error
		return fmt.Errorf("the key %s contains a lone surrogate", shown(key))
	}
	if _, isThere := found[key]; isThere {
		return fmt.Errorf("duplicate key %s", shown(key))
	}
	r.skipBlanks()
	if err := r.skip(':'); err != nil {
		return err
	}
	found[key], err = r.value(depth + 1)
	return err
}

func (r *jsonReader) array(depth int) (any, error) {
	found := []any{}
	r.at++
	for r.skipBlanks(); r.peek() != ']'; r.skipBlanks() {
		if len(found) > 0 {
			if err := r.skip(','); err != nil {
				return nil, err
			}
		}
		value, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		found = append(found, value)
	}
	r.at++
	return found, nil
}

func (r *jsonReader) skip(c byte) error {
	if r.at == len(r.data) {
		return errCutOff
	}
	if r.data[r.at] != c {
		return fmt.Errorf("%q is missing", c)
	}
	r.at++
	return nil
}

func (r *jsonReader) text() (string, error) {
	r.at++
	plain := r.at
	for plain < len(r.data) && r.data[plain] >= ' ' && r.data[plain] != '"' && r.data[plain] != '\\' {
		plain++
	}
	found := r.data[r.at:plain:plain] // appending copies
	r.at = plain
	for {
		switch c := r.peek(); {
		case c == '"':
			r.at++
			return string(found), nil
		case c == '\\':
			char, err := r.escape()
			if err != nil {
				return "", err
			}
			found = appendCodePoint(found, char)
		case r.at == len(r.data):
			return "", errCutOff
		case c < ' ':
			return "", errors.New("a control character in a string")
		default:
			found = append(found, c)
			r.at++
		}
	}
}

// escape reads \n or \u0041 or \ud83d\ude00; a lone surrogate is returned unchanged.
func (r *jsonReader) escape() (rune, error) {
	if r.at+1 >= len(r.data) {
		return 0, errCutOff
	}
	c := r.data[r.at+1]
	if c == 'u' {
		return r.unicodeEscape()
	}
	simple := map[byte]rune{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}
	char, isKnown := simple[c]
	if !isKnown {
		return 0, fmt.Errorf("no escape is \\%c", c)
	}
	r.at += 2
	return char, nil
}

func (r *jsonReader) unicodeEscape() (rune, error) {
	first, err := r.codeUnit(r.at)
	if err != nil {
		return 0, err
	}
	r.at += 6
	if !utf16.IsSurrogate(first) {
		return first, nil
	}
	second, err := r.codeUnit(r.at)
	if err != nil {
		return first, nil
	}
	pair := utf16.DecodeRune(first, second)
	if pair == utf8.RuneError {
		return first, nil
	}
	r.at += 6
	return pair, nil
}

// codeUnit is the value of a \uXXXX at a position.
func (r *jsonReader) codeUnit(at int) (rune, error) {
	if at+6 > len(r.data) || r.data[at] != '\\' || r.data[at+1] != 'u' {
		return 0, errCutOff
	}
	unit := rune(0)
	for _, c := range r.data[at+2 : at+6] {
		digit, err := strconv.ParseUint(string(rune(c)), 16, 8)
		if err != nil {
			return 0, errors.New("no escape is \\u without four hexadecimal digits")
		}
		unit = unit<<4 | rune(digit)
	}
	return unit, nil
}

// appendCodePoint is utf8.AppendRune that keeps surrogates.
func appendCodePoint(text []byte, char rune) []byte {
	if !utf16.IsSurrogate(char) {
		return utf8.AppendRune(text, char)
	}
	return append(text, 0xE0|byte(char>>12), 0x80|byte(char>>6)&0x3F, 0x80|byte(char)&0x3F)
}

// digitsOfNumber reads -? (0 | [1-9][0-9]*) (\.[0-9]+)? ([eE][+-]?[0-9]+)?
func (r *jsonReader) digitsOfNumber() (string, error) {
	start := r.at
	if r.peek() == '-' {
		r.at++
	}
	isZero := r.peek() == '0'
	if digits := r.digits(); digits == 0 || (isZero && digits > 1) {
		return "", errors.New("no number")
	}
	if r.peek() == '.' {
		r.at++
		if r.digits() == 0 {
			return "", errors.New("no digit after the point")
		}
	}
	if c := r.peek(); c == 'e' || c == 'E' {
		r.at++
		if c := r.peek(); c == '+' || c == '-' {
			r.at++
		}
		if r.digits() == 0 {
			return "", errors.New("no digit in the exponent")
		}
	}
	return string(r.data[start:r.at]), nil
}

func (r *jsonReader) digits() int {
	start := r.at
	for isDigit(r.peek()) {
		r.at++
	}
	return r.at - start
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
