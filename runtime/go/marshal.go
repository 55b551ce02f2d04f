package skc

import (
	"strings"
	"unicode/utf8"
)

// inputPlan is everything about an input that does not depend on the request: where its value is stored, and how it
// is converted.
type inputPlan struct {
	spec    *inputSpec
	value   target
	valid   target
	convert func(*inputPlan, *block, int, scalar) *Error
}

// target is a column of a tensor; of none if width is 0.
type target struct{ tensor, column, width int }

func (t target) at(row int) int { return row*t.width + t.column }

func planInputs(m *manifest) []inputPlan {
	tensors := make(map[string]int, len(m.tensors))
	for i, tensor := range m.tensors {
		tensors[tensor.name] = i
	}
	locate := func(s slot) target { return target{tensors[s.tensor], s.column, m.tensors[tensors[s.tensor]].width} }
	plans := make([]inputPlan, len(m.inputs))
	for i := range m.inputs {
		spec := &m.inputs[i]
		plans[i] = inputPlan{spec: spec, value: locate(spec.slot), convert: converters[spec.kind]}
		if spec.isLocal {
			plans[i].convert = integersBy(toLocal)
		}
		if spec.valid != nil {
			plans[i].valid = locate(*spec.valid)
		}
	}
	return plans
}

var converters = map[string]func(*inputPlan, *block, int, scalar) *Error{
	string(Float64): putFloat,
	string(Float32): putFloat,
	string(Int64):   integersBy(toInt64),
	string(Bool):    putBool,
	string(String):  putText,
	typeTimestamp:   integersBy(toTimestamp),
	typeDate:        integersBy(toDate),
	typeTime:        integersBy(toClock),
}

// put writes a value of a row, or refuses it. The values of nearly every request are recognised without another call.
func (p *inputPlan) put(b *block, row int, value any) *Error {
	switch v := value.(type) {
	case float64:
		if v == v && p.spec.kind == string(Float64) {
			p.setFloat(b, row, v)
			return nil
		}
	case string:
		if p.spec.kind == string(String) && isSound(v) {
			p.setText(b, row, v)
			return nil
		}
	case int64:
		if p.spec.kind == string(Int64) {
			p.setInteger(b, row, v)
			return nil
		}
	case bool:
		if p.spec.kind == string(Bool) {
			p.setBool(b, row, v)
			return nil
		}
	}
	return p.putScalar(b, row, recognise(value))
}

// isSound reports whether every language can pass a text to the graph.
func isSound(text string) bool { return strings.IndexByte(text, 0) < 0 && utf8.ValidString(text) }

func (p *inputPlan) putScalar(b *block, row int, value scalar) *Error {
	isNaN := value.kind == kindFloat && value.float != value.float // in an input that is not a float, no value
	if value.kind != kindNull && (!isNaN || p.spec.isFloat()) {
		if p.spec.numberText {
			number, err := numberIn(value)
			if err != nil {
				return err.about(p.spec.name)
			}
			value = number
		}
		return p.convert(p, b, row, value)
	}
	if !p.spec.nullable {
		return p.nullRefused()
	}
	p.setNull(b, row)
	return nil
}

// putMissing handles a missing key.
func (p *inputPlan) putMissing(b *block, row int) *Error {
	if !p.spec.nullable {
		return p.missing()
	}
	p.setNull(b, row)
	return nil
}

func (p *inputPlan) missing() *Error {
	hint := "send it, or declare it nullable"
	return newError(CodeMissingKey, "the input is missing, and is not nullable", hint).about(p.spec.name)
}

func (p *inputPlan) nullRefused() *Error {
	hint := "send a value, or declare it nullable"
	return newError(CodeNull, "the input is null, and is not nullable", hint).about(p.spec.name)
}

func putFloat(p *inputPlan, b *block, row int, value scalar) *Error {
	float, err := toFloat64(value)
	if err != nil {
		return err.about(p.spec.name)
	}
	if float != float {
		if p.spec.nanIsError {
			hint := "send nil instead"
			return newError(CodeNaN, "the input is NaN, which `nan: error` forbids", hint).about(p.spec.name)
		}
		if !p.spec.nullable {
			return p.nullRefused()
		}
	}
	if p.spec.kind == string(Float32) {
		narrow, err := toFloat32(value, float)
		if err != nil {
			return err.about(p.spec.name)
		}
		p.setFloat32(b, row, narrow)
		return nil
	}
	p.setFloat(b, row, float)
	return nil
}

func integersBy(convert func(scalar) (int64, *Error)) func(*inputPlan, *block, int, scalar) *Error {
	return func(p *inputPlan, b *block, row int, value scalar) *Error {
		integer, err := convert(value)
		if err != nil {
			return err.about(p.spec.name)
		}
		p.setInteger(b, row, integer)
		return nil
	}
}

func putBool(p *inputPlan, b *block, row int, value scalar) *Error {
	flag, err := toBool(value)
	if err != nil {
		return err.about(p.spec.name)
	}
	p.setBool(b, row, flag)
	return nil
}

func putText(p *inputPlan, b *block, row int, value scalar) *Error {
	text, err := toText(value)
	if err != nil {
		return err.about(p.spec.name)
	}
	p.setText(b, row, text)
	return nil
}

func (p *inputPlan) setFloat(b *block, row int, value float64) {
	b.inputs[p.value.tensor].f64[p.value.at(row)] = value
}

func (p *inputPlan) setFloat32(b *block, row int, value float32) {
	b.inputs[p.value.tensor].f32[p.value.at(row)] = value
}

func (p *inputPlan) setInteger(b *block, row int, value int64) {
	b.inputs[p.value.tensor].i64[p.value.at(row)] = value
	p.setValid(b, row, true)
}

func (p *inputPlan) setBool(b *block, row int, value bool) {
	b.inputs[p.value.tensor].flags[p.value.at(row)] = value
	p.setValid(b, row, true)
}

func (p *inputPlan) setText(b *block, row int, value string) {
	b.inputs[p.value.tensor].texts[p.value.at(row)] = value
	p.setValid(b, row, true)
}

// setNull writes the zero stored under a null, NaN for a float.
func (p *inputPlan) setNull(b *block, row int) {
	switch p.spec.element() {
	case Float64:
		p.setFloat(b, row, nan)
	case Float32:
		p.setFloat32(b, row, float32(nan))
	case Int64:
		p.setInteger(b, row, 0)
	case Bool:
		p.setBool(b, row, false)
	case String:
		p.setText(b, row, "")
	}
	p.setValid(b, row, false)
}

func (p *inputPlan) setValid(b *block, row int, isValid bool) {
	if p.valid.width > 0 {
		b.inputs[p.valid.tensor].flags[p.valid.at(row)] = isValid
	}
}

// valueIn is the value in a row, for a message.
func (p *inputPlan) valueIn(b *block, row int) any {
	from, at := &b.inputs[p.value.tensor], p.value.at(row)
	switch p.spec.element() {
	case Float64:
		return from.f64[at]
	case Float32:
		return float64(from.f32[at])
	case Int64:
		return from.i64[at]
	case Bool:
		return from.flags[at]
	}
	return from.texts[at]
}
