package skc

import (
	"fmt"
	"reflect"
	"sync"
)

// marshaller turns requests for one manifest into blocks. Only a cache in it changes, so goroutines can share it.
type marshaller struct {
	plans   []inputPlan
	known   map[string]bool
	layouts sync.Map // reflect.Type of a struct -> *layout
}

func newMarshaller(m *manifest) *marshaller {
	found := &marshaller{plans: planInputs(m), known: make(map[string]bool, len(m.inputs))}
	for i := range m.inputs {
		found.known[m.inputs[i].name] = true
	}
	return found
}

// record is one record in either form: a map, or a struct with its layout.
type record struct {
	values map[string]any
	fields reflect.Value
	layout *layout
}

// put writes a record into a row. If a record breaks several rules, an unknown key is reported first: a misspelt key
// is also missing.
func (m *marshaller) put(b *block, row int, given any, extra Extra) *Error {
	r, err := m.asRecord(given)
	if err != nil {
		return err
	}
	if r.layout != nil {
		return m.putStruct(b, row, &r, extra)
	}
	found := 0
	for i := range m.plans {
		plan := &m.plans[i]
		value, isThere := r.values[plan.spec.name]
		if isThere {
			found++
			err = plan.put(b, row, value)
		} else {
			err = plan.putMissing(b, row)
		}
		if err != nil {
			break
		}
	}
	if extra == RefuseExtra && (err != nil || found < len(r.values)) {
		if refusal := m.unknownKey(r.values); refusal != nil {
			return refusal
		}
	}
	return err
}

func (m *marshaller) asRecord(given any) (record, *Error) {
	if values, isMap := given.(map[string]any); isMap {
		return record{values: values}, nil
	}
	value := reflect.ValueOf(given)
	for (value.Kind() == reflect.Pointer || value.Kind() == reflect.Interface) && !value.IsNil() {
		value = value.Elem()
	}
	switch {
	case value.Kind() == reflect.Map && value.Type().Key().Kind() == reflect.String:
		values := make(map[string]any, value.Len())
		for each := value.MapRange(); each.Next(); {
			values[each.Key().String()] = each.Value().Interface()
		}
		return record{values: values}, nil
	case value.Kind() == reflect.Struct:
		layout, err := m.layoutOf(value.Type())
		return record{fields: value, layout: layout}, err
	}
	message := fmt.Sprintf("expected a record, got %T %s", given, shown(given))
	return record{}, newError(CodeUnsupportedData, message, "a map[string]any, or a struct with `skc` tags")
}

func (m *marshaller) unknownKey(values map[string]any) *Error {
	for _, key := range sortedKeys(values) {
		if !m.known[key] {
			return m.unknown(key)
		}
	}
	return nil
}

func (m *marshaller) unknown(key string) *Error {
	hint := "leave it out, or pass skc.WithExtra(skc.IgnoreExtra)"
	if near, isNear := nearest(key, sortedKeys(m.known)); isNear {
		hint = fmt.Sprintf("did you mean `%s`?", near)
	}
	message := fmt.Sprintf("the pipeline has no input %s", shown(key))
	return newError(CodeUnknownKey, message, hint).about(key)
}

const longestWord = 100 // bytes: only hints depend on it, and a hostile key may be long

// nearest is the name with the fewest edits to a key, if there are few for its length.
func nearest(key string, names []string) (string, bool) {
	best, fewest := "", len(key)/3+1
	if len(key) > longestWord {
		return "", false
	}
	for _, name := range names {
		if edits := distance(key, name); edits <= fewest && (best == "" || edits < fewest) {
			best, fewest = name, edits
		}
	}
	return best, best != ""
}

// distance is the edit distance of Levenshtein, in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substituted := diagonal
			if a[i] != b[j] {
				substituted++
			}
			diagonal = row[j+1]
			row[j+1] = min(substituted, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
