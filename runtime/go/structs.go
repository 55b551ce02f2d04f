package skc

import (
	"fmt"
	"reflect"
)

// layout maps the fields of a struct type to inputs; it is computed once per type.
type layout struct {
	fields [][]int // by input: the index of its field, nil where the struct has none
	extra  string  // the tag of a field that is not an input
	isOdd  bool    // there is such a field
}

// layoutOf reads the `skc` tags of a struct type. The whole tag is the name of the input; a field without one is not
// part of the record, and `skc:"-"` says so explicitly.
func (m *marshaller) layoutOf(kind reflect.Type) (*layout, *Error) {
	if cached, isThere := m.layouts.Load(kind); isThere {
		return cached.(*layout), nil
	}
	tagged, err := taggedFields(kind)
	if err != nil {
		return nil, err
	}
	found := &layout{fields: make([][]int, len(m.plans))}
	for i := range m.plans {
		found.fields[i] = tagged[m.plans[i].spec.name]
	}
	for _, name := range sortedKeys(tagged) {
		if !m.known[name] {
			found.extra, found.isOdd = name, true
			break
		}
	}
	m.layouts.Store(kind, found)
	return found, nil
}

func taggedFields(kind reflect.Type) (map[string][]int, *Error) {
	tagged := map[string][]int{}
	for _, field := range reflect.VisibleFields(kind) {
		name, isTagged := field.Tag.Lookup("skc")
		if !isTagged || name == "-" {
			continue
		}
		if !field.IsExported() {
			message := fmt.Sprintf("the field %s of %s has a tag, but is not exported", field.Name, kind)
			return nil, newError(CodeUnsupportedData, message, "start its name with a capital letter").about(name)
		}
		if _, isThere := tagged[name]; isThere {
			message := fmt.Sprintf("several fields of %s have this tag", kind)
			return nil, newError(CodeDuplicateColumn, message, "").about(name)
		}
		tagged[name] = field.Index
	}
	if len(tagged) == 0 {
		hint := "tag its fields with the names of the inputs: `skc:\"name\"`"
		return nil, newError(CodeUnsupportedData, fmt.Sprintf("no field of %s has a tag `skc`", kind), hint)
	}
	return tagged, nil
}

func (m *marshaller) putStruct(b *block, row int, r *record, extra Extra) *Error {
	if extra == RefuseExtra && r.layout.isOdd {
		return m.unknown(r.layout.extra)
	}
	for i := range m.plans {
		plan, index := &m.plans[i], r.layout.fields[i]
		if index == nil {
			if err := plan.putMissing(b, row); err != nil {
				return err
			}
			continue
		}
		field, isMissing := r.fields.FieldByIndexErr(index)
		if isMissing != nil { // it belongs to an embedded struct behind a nil pointer
			field = reflect.Value{}
		}
		if err := plan.putScalar(b, row, recogniseReflected(field)); err != nil {
			return err
		}
	}
	return nil
}
