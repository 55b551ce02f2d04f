package skc

import (
	"fmt"
	"slices"
)

// Why read here: the binding reports the inputs and outputs of a model only through a second session of its own, with
// other options, which doubles the time and memory of a load.

// Field numbers of the messages from the graph down to a dimension.
const (
	modelGraph         = 7
	graphInput         = 11
	graphOutput        = 12
	valueName          = 1
	valueType          = 2
	typeTensor         = 1
	tensorTypeElement  = 1
	tensorTypeShape    = 2
	shapeDimension     = 1
	dimensionValue     = 1
	dimensionParameter = 2
)

var elementTypes = map[uint64]DType{1: Float32, 7: Int64, 8: String, 9: Bool, 11: Float64}

// checkTensors checks that the model has exactly the inputs and outputs that the manifest lists.
func checkTensors(m *manifest, model []byte) *Error {
	inputs, outputs, err := modelTensors(model)
	if err != nil {
		return newError(CodeModelRefused, "model.onnx is not an ONNX model", rebuildHint)
	}
	if err := sameTensors("input", m.tensors, inputs); err != nil {
		return err
	}
	return sameTensors("output", m.outputTensors(), outputs)
}

func sameTensors(noun string, declared, real []tensorSpec) *Error {
	different := make(map[tensorSpec]bool, len(declared))
	for _, tensor := range declared {
		different[tensor] = true
	}
	for _, tensor := range real {
		if !different[tensor] {
			return tensorsDiffer(noun, tensor)
		}
	}
	for _, tensor := range real {
		delete(different, tensor)
	}
	for tensor := range different {
		return tensorsDiffer(noun, tensor)
	}
	return nil
}

func tensorsDiffer(noun string, tensor tensorSpec) *Error {
	message := fmt.Sprintf("manifest.json and model.onnx disagree about the %s `%s`", noun, tensor.name)
	return newError(CodeArtifactInconsistent, message, compilationHint)
}

// modelTensors are the tensors that a model declares; the width is -1 if it is not fixed, or not [N, width].
func modelTensors(model []byte) (inputs, outputs []tensorSpec, err error) {
	graph, err := merged(model, modelGraph)
	if err != nil {
		return nil, nil, err
	}
	err = eachField(graph, func(f protoField) (err error) {
		var tensor tensorSpec
		switch f.number {
		case graphInput:
			tensor, err = declaredTensor(f.bytes)
			inputs = append(inputs, tensor)
		case graphOutput:
			tensor, err = declaredTensor(f.bytes)
			outputs = append(outputs, tensor)
		}
		return err
	})
	return inputs, outputs, err
}

func declaredTensor(value []byte) (tensorSpec, error) {
	name, err := last(value, valueName)
	if err != nil {
		return tensorSpec{}, err
	}
	tensor, err := merged(value, valueType, typeTensor)
	if err != nil {
		return tensorSpec{}, err
	}
	element, err := last(tensor, tensorTypeElement)
	if err != nil {
		return tensorSpec{}, err
	}
	width, err := fixedWidth(tensor)
	return tensorSpec{string(name.bytes), elementTypes[element.varint], width}, err
}

func fixedWidth(tensorType []byte) (int, error) {
	shape, err := merged(tensorType, tensorTypeShape)
	if err != nil {
		return 0, err
	}
	rank, width := 0, -1
	err = eachField(shape, func(f protoField) error {
		if f.number != shapeDimension {
			return nil
		}
		rank++
		var err error
		width, err = dimension(f.bytes)
		return err
	})
	if rank != 2 {
		width = -1
	}
	return width, err
}

func dimension(data []byte) (int, error) {
	width := -1
	err := eachField(data, func(f protoField) error {
		switch f.number {
		case dimensionValue:
			width = int(f.varint)
		case dimensionParameter:
			width = -1
		}
		return nil
	})
	return width, err
}

func eachField(data []byte, visit func(protoField) error) error {
	for len(data) > 0 {
		field, rest, err := nextField(data)
		if err != nil {
			return err
		}
		if err := visit(field); err != nil {
			return err
		}
		data = rest
	}
	return nil
}

// last is the last field of a number, which takes precedence.
func last(data []byte, number int) (found protoField, err error) {
	err = eachField(data, func(f protoField) error {
		if f.number == number {
			found = f
		}
		return nil
	})
	return found, err
}

// merged is an embedded message; if it occurs several times, protobuf defines it as their concatenation.
func merged(data []byte, path ...int) ([]byte, error) {
	for _, number := range path {
		var parts [][]byte
		err := eachField(data, func(f protoField) error {
			if f.number == number {
				parts = append(parts, f.bytes)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		if len(parts) == 1 { // the graph itself may have gigabytes: no copy of it
			data = parts[0]
			continue
		}
		data = slices.Concat(parts...)
	}
	return data, nil
}
