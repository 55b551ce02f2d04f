package skc

// Output is one output of the pipeline, [Rows, len(Columns)], row by row. The slice of its DType holds the values,
// and is the caller's; the others are nil. An output of integers, bools or strings that can be null has a companion
// `NAME.valid` of bools.
type Output struct {
	Name    string
	DType   DType
	Columns []string // their names, shared: not to be changed
	Rows    int
	Float32 []float32
	Float64 []float64
	Int64   []int64
	Bool    []bool
	String  []string
}

// Features are the outputs for a request. A single record has one row, so its values are those of the slices.
type Features struct {
	rows     int
	isSingle bool
	outputs  []Output
}

// Rows is the number of rows: 1 for a single record.
func (f Features) Rows() int { return f.rows }

// IsSingle reports whether the request was a single record, not a batch.
func (f Features) IsSingle() bool { return f.isSingle }

// Outputs are all outputs in the order of the pipeline, then the companions of those that can be null.
func (f Features) Outputs() []Output { return f.outputs }

// Output is the output of a name, false if there is none.
func (f Features) Output(name string) (Output, bool) {
	for i := range f.outputs {
		if f.outputs[i].Name == name {
			return f.outputs[i], true
		}
	}
	return Output{}, false
}

// Float32 is the values of an output, false if there is none of this name and type.
func (f Features) Float32(name string) ([]float32, bool) {
	output, _ := f.Output(name)
	return output.Float32, output.DType == Float32
}

// Float64 is the values of an output, false if there is none of this name and type.
func (f Features) Float64(name string) ([]float64, bool) {
	output, _ := f.Output(name)
	return output.Float64, output.DType == Float64
}

// Int64 is the values of an output, false if there is none of this name and type.
func (f Features) Int64(name string) ([]int64, bool) {
	output, _ := f.Output(name)
	return output.Int64, output.DType == Int64
}

// Bool is the values of an output, false if there is none of this name and type.
func (f Features) Bool(name string) ([]bool, bool) {
	output, _ := f.Output(name)
	return output.Bool, output.DType == Bool
}

// String is the values of an output, false if there is none of this name and type.
func (f Features) String(name string) ([]string, bool) {
	output, _ := f.Output(name)
	return output.String, output.DType == String
}

// Row is one row of a batch, as for a single record. Its slices share the memory of the batch.
func (f Features) Row(row int) Features {
	outputs := make([]Output, len(f.outputs))
	for i := range f.outputs {
		outputs[i] = f.outputs[i].row(row)
	}
	return Features{1, true, outputs}
}

func (o Output) row(row int) Output {
	from, to := row*len(o.Columns), (row+1)*len(o.Columns)
	o.Rows = 1
	switch o.DType {
	case Float32:
		o.Float32 = o.Float32[from:to:to]
	case Float64:
		o.Float64 = o.Float64[from:to:to]
	case Int64:
		o.Int64 = o.Int64[from:to:to]
	case Bool:
		o.Bool = o.Bool[from:to:to]
	case String:
		o.String = o.String[from:to:to]
	}
	return o
}
