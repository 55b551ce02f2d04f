package skc

import (
	"maps"
	"slices"
)

// Description describes the inputs and outputs. As JSON it is the same in every language.
type Description struct {
	Name               string              `json:"name"`
	Identity           string              `json:"identity"` // SHA-256 of manifest.json
	Signature          string              `json:"signature"`
	Inputs             []InputDescription  `json:"inputs"`
	Outputs            []OutputDescription `json:"outputs"`
	Plan               string              `json:"plan"`   // SHA-256 of the frozen pipeline
	TZData             *string             `json:"tzdata"` // the version of the time zones in the graph, nil if none
	MinimumONNXRuntime string              `json:"minimum_onnxruntime"`
	BuiltWith          map[string]string   `json:"built_with"`
}

// InputDescription is an input. Type is float64, int64, bool, string, timestamp or date; NaN is the meaning of a NaN
// in a request: null or error.
type InputDescription struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Nullable bool   `json:"nullable"`
	NaN      string `json:"nan"`
	Text     string `json:"text,omitempty"`     // "number" if a string may hold a number
	Timezone string `json:"timezone,omitempty"` // that of a timestamp which is a local time
}

// OutputDescription is an output. Valid is the name of its companion, nil if it has none.
type OutputDescription struct {
	Name    string   `json:"name"`
	DType   DType    `json:"dtype"`
	Columns []string `json:"columns"`
	Valid   *string  `json:"valid"`
}

// Describe describes the inputs and outputs; also of a transformer that is closed.
func (t *Transformer) Describe() Description {
	m := t.manifest
	d := Description{
		Name:               m.name,
		Identity:           m.identity,
		Signature:          m.signature,
		Inputs:             []InputDescription{},
		Outputs:            []OutputDescription{},
		Plan:               m.plan,
		TZData:             m.tzdata,
		MinimumONNXRuntime: m.minimumONNXRuntime,
		BuiltWith:          maps.Clone(m.builtWith),
	}
	for i := range m.inputs {
		input, policy := &m.inputs[i], "null"
		if input.nanIsError {
			policy = "error"
		}
		text := ""
		if input.numberText {
			text = "number"
		}
		d.Inputs = append(d.Inputs, InputDescription{input.name, input.kind, input.nullable, policy, text, input.timezone})
	}
	for _, output := range m.outputs {
		columns := slices.Clone(output.columns)
		d.Outputs = append(d.Outputs, OutputDescription{output.name, output.dtype, columns, output.valid})
	}
	return d
}
