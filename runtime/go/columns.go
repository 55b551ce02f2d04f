package skc

import (
	"fmt"
	"reflect"
)

// A column is a slice: of any, whose elements are checked one by one, or of one type, which is accepted or refused as
// a whole.

// columns finds the column of each input, invalid if it is missing, and the number of rows. It refuses what can be
// refused without reading values.
func (m *marshaller) columns(data map[string]any, extra Extra) ([]reflect.Value, int, *Error) {
	if extra == RefuseExtra {
		if err := m.unknownKey(data); err != nil {
			return nil, 0, err
		}
	}
	found := make([]reflect.Value, len(m.plans))
	rows, isKnown := 0, false
	for i := range m.plans {
		name := m.plans[i].spec.name
		given, isThere := data[name]
		if !isThere {
			if !m.plans[i].spec.nullable {
				return nil, 0, m.plans[i].missing()
			}
			continue
		}
		column, err := asColumn(given)
		if err != nil {
			return nil, 0, err.about(name)
		}
		if isKnown && column.Len() != rows {
			message := fmt.Sprintf("%d rows, but the previous columns have %d", column.Len(), rows)
			hint := "all columns must have the same length"
			return nil, 0, newError(CodeUnequalLengths, message, hint).about(name)
		}
		found[i], rows, isKnown = column, column.Len(), true
	}
	if !isKnown {
		rows = rowsOfOthers(data)
	}
	return found, rows, nil
}

// rowsOfOthers is the number of rows if no column is an input: the length of the first column by name.
func rowsOfOthers(data map[string]any) int {
	for _, name := range sortedKeys(data) {
		if column, err := asColumn(data[name]); err == nil {
			return column.Len()
		}
	}
	return 0
}

func asColumn(given any) (reflect.Value, *Error) {
	column := reflect.ValueOf(given)
	isSlice := column.Kind() == reflect.Slice || column.Kind() == reflect.Array
	if !isSlice || isBytes(column.Type()) {
		message := fmt.Sprintf("expected a column, got %T %s", given, shown(given))
		return column, newError(CodeUnsupportedData, message, "a slice")
	}
	if column.Kind() == reflect.Array { // of which Go makes no slices
		slice := reflect.MakeSlice(reflect.SliceOf(column.Type().Elem()), column.Len(), column.Len())
		reflect.Copy(slice, column)
		column = slice
	}
	element := column.Type().Elem()
	if isNested := element.Kind() == reflect.Slice || element.Kind() == reflect.Array; isNested && !isBytes(element) {
		return column, newError(CodeWrongShape, fmt.Sprintf("a column has one dimension, not the type %T", given), "")
	}
	return column, nil
}

func isBytes(kind reflect.Type) bool { return kind.Elem().Kind() == reflect.Uint8 }

// putColumn writes a column into the first rows. Slices of exactly the input's type are copied without checking each
// value's type.
func (p *inputPlan) putColumn(b *block, column reflect.Value) *Error {
	switch values := column.Interface().(type) {
	case []any:
		return p.putEach(len(values), func(row int) *Error { return p.put(b, row, values[row]) })
	case []float64:
		if p.spec.isFloat() {
			return p.putFloats(b, values)
		}
	case []string:
		if p.spec.kind == string(String) {
			return p.putTexts(b, values)
		}
	case []int64:
		if p.spec.element() == Int64 {
			for row, value := range values {
				p.setInteger(b, row, value)
			}
			return nil
		}
	case []*float64:
		return putPointers(p, b, values, floatScalar)
	case []*int64:
		return putPointers(p, b, values, integerScalar)
	case []*string:
		return putPointers(p, b, values, textScalar)
	case []bool:
		if p.spec.kind == string(Bool) {
			for row, value := range values {
				p.setBool(b, row, value)
			}
			return nil
		}
	}
	if kind := column.Type().Elem().Kind(); (kind == reflect.Float64 || kind == reflect.Float32) && !p.spec.isNumber() {
		if column.Len() == 0 {
			return nil
		}
		return p.convert(p, b, 0, recogniseReflected(column.Index(0))) // which refuses it
	}
	err := p.putEach(column.Len(), func(row int) *Error {
		return p.putScalar(b, row, recogniseReflected(column.Index(row)))
	})
	if err != nil && err.Code == CodeWrongType && column.Type().Elem().Kind() != reflect.Interface {
		return err.inRow(noRow) // it is the type of the column that is wrong
	}
	return err
}

func (p *inputPlan) putEach(rows int, put func(int) *Error) *Error {
	for row := range rows {
		if err := put(row); err != nil {
			return err.inRow(row)
		}
	}
	return nil
}

// putPointers writes a column whose nulls are nil.
func putPointers[T any](p *inputPlan, b *block, values []*T, scalarOf func(T) scalar) *Error {
	err := p.putEach(len(values), func(row int) *Error {
		if values[row] == nil {
			return p.putScalar(b, row, scalar{kind: kindNull})
		}
		return p.putScalar(b, row, scalarOf(*values[row]))
	})
	if err != nil && err.Code == CodeWrongType {
		return err.inRow(noRow) // it is the type of the column that is wrong
	}
	return err
}

func textScalar(text string) scalar { return scalar{kind: kindText, text: text} }

func (p *inputPlan) putFloats(b *block, values []float64) *Error {
	for row, value := range values {
		if value == value && p.spec.kind == string(Float64) {
			p.setFloat(b, row, value)
			continue
		}
		if err := putFloat(p, b, row, floatScalar(value)); err != nil {
			return err.inRow(row)
		}
	}
	return nil
}

func (p *inputPlan) putTexts(b *block, values []string) *Error {
	for row, value := range values {
		if isSound(value) {
			p.setText(b, row, value)
			continue
		}
		if err := putText(p, b, row, textScalar(value)); err != nil {
			return err.inRow(row)
		}
	}
	return nil
}

// putNulls is for a column that was not sent.
func (p *inputPlan) putNulls(b *block) *Error {
	for row := range b.rows {
		if err := p.putMissing(b, row); err != nil {
			return err
		}
	}
	return nil
}

// putColumns writes all columns from a row on, in the order of the manifest; as many rows as the block has.
func (m *marshaller) putColumns(b *block, columns []reflect.Value, start int) *Error {
	for i := range m.plans {
		plan := &m.plans[i]
		var err *Error
		if columns[i].IsValid() {
			err = plan.putRows(b, columns[i], start, start+b.rows)
		} else {
			err = plan.putNulls(b)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// putRows writes some rows of a column into the first rows of a block. Its error names the row of the column.
func (p *inputPlan) putRows(b *block, column reflect.Value, start, end int) *Error {
	err := p.putColumn(b, column.Slice(start, end))
	if err != nil && err.Row != noRow {
		return err.inRow(start + err.Row)
	}
	return err
}

// checkColumns returns the error that the columns give as a whole: of the first input that is refused, its first row. The
// values of the block do not matter.
func (m *marshaller) checkColumns(b *block, columns []reflect.Value, rows int) *Error {
	for i := range m.plans {
		for start := 0; columns[i].IsValid() && start < rows; start += b.rows {
			if err := m.plans[i].putRows(b, columns[i], start, min(start+b.rows, rows)); err != nil {
				return err
			}
		}
	}
	return nil
}
