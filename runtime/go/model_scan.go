package skc

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Why: ONNX Runtime opens the files that external data names, runs a loop of 2^62 rounds while it loads, and knows
// hundreds of ops that we have not measured. Our models need a small part of ONNX, which model_grammar.go lists: any
// other message, field or op is refused, known or not.
//
// Why so strict about encoding: protobuf parsers differ in how they treat a tag of more than 32 bits, or a repeated
// field; writers emit neither.

var errNoProtobuf = errors.New("no protobuf message")

const unsafeHint = "artifacts written by skc never do: do not serve it, or take a newer skc.dev/runtime if a newer `skc` compiled it"

// scanModel returns model-refused if a model is not protobuf, artifact-unsafe if it contains anything that skc never
// emits, before ONNX Runtime sees it.
func scanModel(model []byte) *Error {
	err := scanMessage("ModelProto", model)
	var refusal *Error
	if err == nil || errors.As(err, &refusal) {
		return refusal
	}
	return noModel()
}

func noModel() *Error {
	return newError(CodeModelRefused, "model.onnx is not an ONNX model", rebuildHint)
}

func unsafeModel(format string, values ...any) *Error {
	return newError(CodeArtifactUnsafe, "model.onnx "+fmt.Sprintf(format, values...), unsafeHint)
}

// scanned has the fields of one message.
type scanned struct {
	seen    map[uint64]bool
	numbers map[uint64][]uint64
	bytes   map[uint64][]byte // the last of each field
	counts  map[uint64]uint64
}

func scanMessage(message string, data []byte) error {
	fields := grammarFields[message]
	found := scanned{map[uint64]bool{}, map[uint64][]uint64{}, map[uint64][]byte{}, map[uint64]uint64{}}
	for len(data) > 0 {
		tag, rest, err := strictVarint(data)
		if err != nil {
			return err
		}
		number, wire := tag>>3, int(tag&7)
		if wire != wireVarint && wire != wireFixed64 && wire != wireBytes && wire != wireFixed32 {
			return errNoProtobuf
		}
		field, isKnown := fields[number]
		if !isKnown || !field.fits(wire) {
			return unsafeModel("has a field %d in %s", number, message)
		}
		if !field.isRepeated && found.seen[number] {
			return unsafeModel("repeats the field %d of %s", number, message)
		}
		found.seen[number] = true
		if data, err = found.value(field, number, wire, rest); err != nil {
			return err
		}
	}
	return found.check(message)
}

func (f grammarField) isNumber() bool { return f.kind == "int64" || f.kind == "int32" }

func (f grammarField) fits(wire int) bool {
	switch {
	case f.isNumber():
		return wire == wireVarint || (f.isRepeated && wire == wireBytes)
	case f.kind == "float":
		return wire == wireFixed32
	}
	return wire == wireBytes
}

// value reads one field, and returns the bytes after it.
func (s *scanned) value(field grammarField, number uint64, wire int, data []byte) ([]byte, error) {
	if wire == wireVarint {
		return s.number(field, number, data)
	}
	size := uint64(4)
	if wire == wireBytes {
		var err error
		if size, data, err = strictVarint(data); err != nil {
			return nil, err
		}
	}
	if size > uint64(len(data)) {
		return nil, errNoProtobuf
	}
	part, rest := data[:size], data[size:]
	if field.isNumber() {
		for len(part) > 0 {
			var err error
			if part, err = s.number(field, number, part); err != nil {
				return nil, err
			}
		}
		return rest, nil
	}
	s.bytes[number] = part
	s.counts[number]++
	if _, isMessage := grammarFields[field.kind]; isMessage {
		return rest, scanMessage(field.kind, part)
	}
	return rest, nil
}

func (s *scanned) number(field grammarField, number uint64, data []byte) ([]byte, error) {
	value, rest, err := strictVarint(data)
	if err != nil {
		return nil, err
	}
	if field.kind == "int32" && value > maxInt32 {
		return nil, unsafeModel("has a number too large for its type")
	}
	s.numbers[number] = append(s.numbers[number], value)
	return rest, nil
}

// one is the number of a field that does not repeat.
func (s *scanned) one(number uint64) uint64 {
	if values := s.numbers[number]; len(values) > 0 {
		return values[0]
	}
	return 0
}

func (s *scanned) check(message string) error {
	switch message {
	case "OperatorSetIdProto":
		if domain := string(s.bytes[1]); grammarOpsets[domain] != s.one(2) || s.one(2) == 0 {
			return unsafeModel("requires version %d of the op domain %s", s.one(2), shown(domain))
		}
	case "NodeProto":
		if domain, op := string(s.bytes[7]), string(s.bytes[4]); !grammarOps[[2]string{domain, op}] {
			return unsafeModel("has the op %s of the domain %s", shown(op), shown(domain))
		}
	case "AttributeProto": // its type is one that onnx knows, and its one value is of it
		field, isKnown := grammarAttributeTypes[s.one(20)]
		for number := range s.seen {
			if !isKnown || (number != 1 && number != 20 && number != field) {
				return unsafeModel("has an attribute of type %d with a value of another type", s.one(20))
			}
		}
	case "TensorProto":
		return s.checkTensor()
	}
	return nil
}

// checkTensor checks that a shape has exactly as many elements as the data, so that a forged one cannot decide how
// much is allocated.
func (s *scanned) checkTensor() error {
	size, isKnown := grammarElementSizes[s.one(2)]
	if !isKnown {
		return unsafeModel("has a tensor of element type %d", s.one(2))
	}
	elements := uint64(1)
	for _, dim := range s.numbers[1] {
		if dim > maxInt32 || elements*dim > maxInt32 { // both factors are below 2^31
			return unsafeModel("has a tensor of too many elements")
		}
		elements *= dim
	}
	bytes, texts := elements*size, uint64(0)
	if size == 0 {
		texts = elements
	}
	if uint64(len(s.bytes[9])) != bytes || s.counts[6] != texts {
		return unsafeModel("has a tensor whose shape does not match its data")
	}
	return nil
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

// nextField reads one field, and returns the bytes after it.
func nextField(data []byte) (protoField, []byte, error) {
	tag, data, err := strictVarint(data)
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
		field.varint, data, err = strictVarint(data)
		return field, data, err
	case wireBytes:
		size, data, err = strictVarint(data)
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

// strictVarint refuses a number that is encoded in more bytes than needed.
func strictVarint(data []byte) (uint64, []byte, error) {
	value, size := binary.Uvarint(data)
	if size <= 0 {
		return 0, nil, errNoProtobuf
	}
	if size > 1 && data[size-1] == 0 {
		return 0, nil, unsafeModel("encodes a number in more bytes than needed")
	}
	return value, data[size:], nil
}
