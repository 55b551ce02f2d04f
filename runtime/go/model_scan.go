package skc

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// Why by hand: of the protobuf messages of an ONNX model only the path from the model down to its tensors, and the
// declarations of inputs and outputs, matter here. The numbers are the field numbers of onnx.proto, which never change.

type message string

// children says which message a field of a message holds.
var children = map[message]map[int]message{
	"Model":        {7: "Graph", 20: "Training", 25: "Function"},
	"Training":     {1: "Graph", 2: "Graph"},
	"Function":     {7: "Node", 11: "Attribute"},
	"Graph":        {1: "Node", 5: "Tensor", 15: "SparseTensor"},
	"Node":         {5: "Attribute"},
	"Attribute":    {5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph", 22: "SparseTensor", 23: "SparseTensor"},
	"SparseTensor": {1: "Tensor", 2: "Tensor"},
	"Tensor":       {},
}

const (
	tensorExternalData = 13
	tensorDataLocation = 14
	maxMessageDepth    = 64
)

var errNoProtobuf = errors.New("no protobuf message")

// refuseExternalData gives artifact-unsafe if a tensor lies in another file, model-refused if this is no protobuf
// message; both before ONNX Runtime sees the model and would open the file.
//
// Why the word: external data must name its file under the key `location`, so a model without that word has none.
// Only a model that has it, perhaps as a category, is walked.
func refuseExternalData(model []byte) *Error {
	if !bytes.Contains(model, []byte("location")) {
		return nil
	}
	isExternal, err := hasExternalData("Model", model, 0)
	if err != nil {
		return newError(CodeModelRefused, "model.onnx is not an ONNX model", rebuildHint)
	}
	if isExternal {
		hint := "an artifact of skc never does: do not serve it"
		return newError(CodeArtifactUnsafe, "model.onnx keeps data in another file", hint)
	}
	return nil
}

func hasExternalData(kind message, data []byte, depth int) (bool, error) {
	if depth > maxMessageDepth {
		return false, errNoProtobuf
	}
	for len(data) > 0 {
		field, rest, err := nextField(data)
		if err != nil {
			return false, err
		}
		data = rest
		if kind == "Tensor" && field.isExternal() {
			return true, nil
		}
		child, isMessage := children[kind][field.number]
		if !isMessage || field.wire != wireBytes {
			continue
		}
		if isExternal, err := hasExternalData(child, field.bytes, depth+1); isExternal || err != nil {
			return isExternal, err
		}
	}
	return false, nil
}

const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

// protoField is one field of a message: a varint, or bytes.
type protoField struct {
	number int
	wire   int
	varint uint64
	bytes  []byte
}

// isExternal tells of a field of a tensor whether it points to another file; data_location 0 says the data is here.
func (f *protoField) isExternal() bool {
	if f.number != tensorExternalData && f.number != tensorDataLocation {
		return false
	}
	return f.wire != wireVarint || f.varint != 0
}

// nextField reads one field, and gives what follows it.
func nextField(data []byte) (protoField, []byte, error) {
	tag, data, err := varint(data)
	if err != nil {
		return protoField{}, nil, err
	}
	if tag>>3 > maxInt32 {
		return protoField{}, nil, errNoProtobuf
	}
	field := protoField{number: int(tag >> 3), wire: int(tag & 7)}
	size := uint64(0)
	switch field.wire {
	case wireVarint:
		field.varint, data, err = varint(data)
		return field, data, err
	case wireBytes:
		size, data, err = varint(data)
	case wireFixed64:
		size = 8
	case wireFixed32:
		size = 4
	default:
		err = errNoProtobuf
	}
	if err != nil || size > uint64(len(data)) {
		return protoField{}, nil, errNoProtobuf
	}
	field.bytes = data[:size]
	return field, data[size:], nil
}

func varint(data []byte) (uint64, []byte, error) {
	value, size := binary.Uvarint(data)
	if size <= 0 {
		return 0, nil, errNoProtobuf
	}
	return value, data[size:], nil
}
