package skc

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"strconv"
	"unicode/utf8"
)

// Writes the values of a request log, and their checksum, byte for byte as every language does.

// take sets the values of an output from a slice; floats of either size are taken for both.
func (o *Output) take(values any) bool {
	switch v := values.(type) {
	case []float64:
		o.Float64 = v
	case []float32:
		o.Float64 = make([]float64, len(v))
		for i := range v {
			o.Float64[i] = float64(v[i])
		}
	case []int64:
		o.Int64 = v
	case []bool:
		o.Bool = v
	case []string:
		o.String = v
	}
	if o.DType == Float32 {
		o.DType = Float64
	}
	return o.length() > 0 && ((o.DType == Float64) == (o.Float64 != nil)) && ((o.DType == Int64) == (o.Int64 != nil)) &&
		((o.DType == Bool) == (o.Bool != nil))
}

func (o *Output) length() int {
	return len(o.Float32) + len(o.Float64) + len(o.Int64) + len(o.Bool) + len(o.String)
}

// appendOutput appends all values of an output, in the form of golden.jsonl.
func appendOutput(to []byte, o *Output) []byte {
	to = append(to, '[')
	for i := range o.length() {
		if i > 0 {
			to = append(to, ',')
		}
		switch o.DType {
		case Float32:
			to = appendFloat(to, float64(o.Float32[i]))
		case Float64:
			to = appendFloat(to, o.Float64[i])
		case Int64:
			to = append(strconv.AppendInt(append(to, '"'), o.Int64[i], 10), '"')
		case Bool:
			to = strconv.AppendBool(to, o.Bool[i])
		case String:
			to = appendQuoted(to, sound(o.String[i]))
		}
	}
	return append(to, ']')
}

const (
	nan64 = 0x7ff8000000000000
	nan32 = 0x7fc00000
)

// digest is the CRC-32 of the values, as little-endian bytes.
func (o *Output) digest() uint32 {
	var room [512]byte
	bytes := room[:0]
	for i := range o.length() {
		switch o.DType {
		case Float32:
			bits := math.Float32bits(o.Float32[i])
			if o.Float32[i] != o.Float32[i] {
				bits = nan32
			}
			bytes = binary.LittleEndian.AppendUint32(bytes, bits)
		case Float64:
			bits := math.Float64bits(o.Float64[i])
			if o.Float64[i] != o.Float64[i] {
				bits = nan64
			}
			bytes = binary.LittleEndian.AppendUint64(bytes, bits)
		case Int64:
			bytes = binary.LittleEndian.AppendUint64(bytes, uint64(o.Int64[i]))
		case Bool:
			bytes = append(bytes, 0)
			if o.Bool[i] {
				bytes[len(bytes)-1] = 1
			}
		case String:
			bytes = binary.LittleEndian.AppendUint32(bytes, uint32(len(o.String[i])))
			bytes = append(bytes, o.String[i]...)
		}
	}
	return crc32.ChecksumIEEE(bytes)
}

// sound replaces what is not UTF-8, as in a message.
func sound(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return string([]rune(text))
}

// appendFloat appends a float64 as Python writes it, or the word of a value that JSON lacks.
func appendFloat(to []byte, value float64) []byte {
	switch {
	case value != value:
		return append(to, `"NaN"`...)
	case math.IsInf(value, 0):
		if value > 0 {
			return append(to, `"Infinity"`...)
		}
		return append(to, `"-Infinity"`...)
	case value == 0 && math.Signbit(value):
		return append(to, `"-0.0"`...)
	}
	if size := math.Abs(value); size != 0 && (size < 1e-4 || size >= 1e16) {
		return strconv.AppendFloat(to, value, 'e', -1, 64)
	}
	to = strconv.AppendFloat(to, value, 'f', -1, 64)
	if value == math.Trunc(value) {
		to = append(to, ".0"...)
	}
	return to
}

// appendQuoted appends a JSON string; only what must be is escaped.
func appendQuoted(to []byte, text string) []byte {
	const hexDigits = "0123456789abcdef"
	to = append(to, '"')
	start := 0
	for i := range len(text) {
		c := text[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		to = append(to, text[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			to = append(to, '\\', c)
		case '\n':
			to = append(to, `\n`...)
		case '\r':
			to = append(to, `\r`...)
		case '\t':
			to = append(to, `\t`...)
		case '\b':
			to = append(to, `\b`...)
		case '\f':
			to = append(to, `\f`...)
		default:
			to = append(to, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(append(to, text[start:]...), '"')
}
