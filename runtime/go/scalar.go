package skc

import (
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Why two steps: a Go value is first recognised as one of a few kinds, and then converted to the type of its input.
// So two short tables cover fifteen Go types and six input types.

type scalarKind uint8

const (
	kindOther scalarKind = iota // a type that no input takes
	kindNull
	kindBool
	kindInteger
	kindBigInteger
	kindFloat
	kindText
	kindInstant
	kindDay
)

// scalar is a recognised value; the field of its kind holds it.
type scalar struct {
	kind    scalarKind
	flag    bool
	integer int64
	float   float64
	text    string
	given   any // a *big.Int (which may have a text), time.Time or Date; of another kind, the value for a message
}

func integerScalar(value int64) scalar { return scalar{kind: kindInteger, integer: value} }

func floatScalar(value float64) scalar { return scalar{kind: kindFloat, float: value} }

func unsignedScalar(value uint64) scalar {
	if int64(value) >= 0 {
		return integerScalar(int64(value))
	}
	return bigScalar(new(big.Int).SetUint64(value))
}

func bigScalar(value *big.Int) scalar {
	if value.IsInt64() {
		return integerScalar(value.Int64())
	}
	return scalar{kind: kindBigInteger, given: value}
}

// recognise classifies a value.
func recognise(value any) scalar {
	switch v := value.(type) {
	case nil:
		return scalar{kind: kindNull}
	case float64:
		return floatScalar(v)
	case int:
		return integerScalar(int64(v))
	case int64:
		return integerScalar(v)
	case string:
		return scalar{kind: kindText, text: v}
	case bool:
		return scalar{kind: kindBool, flag: v}
	case hugeInteger:
		return v.scalar()
	}
	return recogniseReflected(reflect.ValueOf(value))
}

var (
	timeType     = reflect.TypeFor[time.Time]()
	dateType     = reflect.TypeFor[Date]()
	bigType      = reflect.TypeFor[big.Int]()
	numberType   = reflect.TypeFor[json.Number]()
	durationType = reflect.TypeFor[time.Duration]()
)

// recogniseReflected is recognise for any type, also for fields of structs and elements of typed slices.
func recogniseReflected(value reflect.Value) scalar {
	switch value.Kind() {
	case reflect.Float64, reflect.Float32:
		return floatScalar(value.Float())
	case reflect.Int64:
		if value.Type() == durationType {
			return scalar{given: value.Interface()}
		}
		return integerScalar(value.Int())
	case reflect.Int, reflect.Int32, reflect.Int16, reflect.Int8:
		return integerScalar(value.Int())
	case reflect.Uint, reflect.Uint64, reflect.Uint32, reflect.Uint16, reflect.Uint8:
		return unsignedScalar(value.Uint())
	case reflect.String:
		if value.Type() == numberType {
			return numberScalar(value.String())
		}
		return scalar{kind: kindText, text: value.String()}
	case reflect.Bool:
		return scalar{kind: kindBool, flag: value.Bool()}
	case reflect.Pointer, reflect.Interface:
		return recognisePointer(value)
	case reflect.Struct:
		return recogniseStruct(value)
	case reflect.Invalid:
		return scalar{kind: kindNull}
	}
	return scalar{given: value.Interface()}
}

func recognisePointer(value reflect.Value) scalar {
	if value.IsNil() {
		return scalar{kind: kindNull}
	}
	if number, isBig := value.Interface().(*big.Int); isBig {
		return bigScalar(number)
	}
	return recogniseReflected(value.Elem())
}

func recogniseStruct(value reflect.Value) scalar {
	given := value.Interface()
	switch value.Type() {
	case timeType:
		return scalar{kind: kindInstant, given: given}
	case dateType:
		return scalar{kind: kindDay, given: given}
	case bigType:
		number := given.(big.Int)
		return bigScalar(&number)
	}
	return scalar{given: given}
}

// numberIn is the number that a text is, as JSON writes it; any other value is itself.
func numberIn(s scalar) (scalar, *Error) {
	if s.kind != kindText {
		return s, nil
	}
	if !isJSONNumber(s.text) {
		hint := "a number as JSON writes it, such as -1234.5 or 1e-3: no blanks, separators or leading zeros"
		return s, newError(CodeInvalidValue, shown(s.text)+" is not a number", hint)
	}
	return recognise(numberOf(s.text)), nil
}

// numberScalar is the value of a json.Number.
func numberScalar(text string) scalar {
	if !isJSONNumber(text) {
		return scalar{given: json.Number(text)}
	}
	return recognise(numberOf(text))
}

// hugeInteger is an integer beyond the range of every input, as it was written.
type hugeInteger string

// No float64 and no int64 has more digits.
const longestInteger = 400

var hugeValue = new(big.Int).Exp(big.NewInt(10), big.NewInt(longestInteger), nil)

func (h hugeInteger) scalar() scalar {
	value := hugeValue
	if h[0] == '-' {
		value = new(big.Int).Neg(value)
	}
	return scalar{kind: kindBigInteger, given: value, text: string(h)}
}

// numberOf is the value of a JSON number: an integer if it has neither fraction nor exponent, as an int64, a *big.Int
// or a hugeInteger; otherwise the nearest float64, and beyond the largest a hugeInteger.
func numberOf(text string) any {
	if strings.ContainsAny(text, ".eE") {
		float, err := strconv.ParseFloat(text, 64)
		if err != nil { // the text is a number, so it can only be too large
			return hugeInteger(text)
		}
		return float
	}
	if integer, err := strconv.ParseInt(text, 10, 64); err == nil {
		return integer
	}
	if len(text) > longestInteger {
		return hugeInteger(text)
	}
	integer, _ := new(big.Int).SetString(text, 10)
	return integer
}

// isJSONNumber excludes what Go's parsers accept beyond JSON: signs, underscores, hexadecimal digits.
func isJSONNumber(text string) bool {
	r := jsonReader{data: []byte(text)}
	_, err := r.digitsOfNumber()
	return err == nil && r.at == len(text)
}

// String formats the value for a message, with its type.
func (s scalar) String() string {
	switch s.kind {
	case kindNull:
		return "null"
	case kindBool:
		return fmt.Sprintf("bool %t", s.flag)
	case kindInteger:
		return fmt.Sprintf("integer %d", s.integer)
	case kindBigInteger:
		if s.text != "" {
			return "integer " + clipped(s.text, shownLimit)
		}
		return "integer " + shown(s.given)
	case kindFloat:
		return "float " + shown(s.float)
	case kindText:
		return "string " + shown(s.text)
	}
	return fmt.Sprintf("%T %s", s.given, shown(s.given))
}
