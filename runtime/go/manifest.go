package skc

import (
	"fmt"
	"regexp"
)

// Why so strict: the manifest is the contract of every language, and the file that an attacker would edit. Anything
// that deviates from schemas/manifest.v1.schema.json, or is inconsistent, is refused before any other file of the
// artifact is read.

const (
	formatVersion = 1
	manifestName  = "manifest.json"
	modelName     = "model.onnx"
	planName      = "plan.json"
	goldenName    = "golden.jsonl"
)

// DType is the type of the elements of a tensor.
type DType string

const (
	Float64 DType = "float64"
	Float32 DType = "float32"
	Int64   DType = "int64"
	Bool    DType = "bool"
	String  DType = "string"
)

const (
	typeTimestamp = "timestamp"
	typeDate      = "date"
	typeTime      = "time"
)

// slot is a column of an input tensor.
type slot struct {
	tensor string
	column int
}

type inputSpec struct {
	name       string
	kind       string // float64, float32, int64, bool, string, timestamp, date or time
	nullable   bool
	nanIsError bool
	slot       slot
	numberText bool   // whether a string may hold a number
	isLocal    bool   // whether it is a timestamp with a time zone
	timezone   string // of a timestamp that is a local time, in microseconds since 1970-01-01T00:00:00 there; or ""
	valid      *slot  // where a nullable input that is not a float says whether it has a value
}

// element is the element type of the input in the graph.
func (i *inputSpec) element() DType {
	if i.kind == typeTimestamp || i.kind == typeDate || i.kind == typeTime {
		return Int64
	}
	return DType(i.kind)
}

// isFloat reports whether the null of the input is NaN.
func (i *inputSpec) isFloat() bool { return i.kind == string(Float64) || i.kind == string(Float32) }

func (i *inputSpec) isNumber() bool { return i.isFloat() || i.kind == string(Int64) }

// tensorSpec is a tensor [N, width] of the graph.
type tensorSpec struct {
	name  string
	dtype DType
	width int
}

type outputSpec struct {
	name    string
	dtype   DType
	columns []string
	exact   []bool  // by column: the same to the bit on every machine, or to 1e-6
	valid   *string // its companion, if it can hold nulls and is not float
}

// guardSpec is a column of the guards: rows where column `input` of `step` violated a policy of `error`.
type guardSpec struct {
	code  Code
	step  string
	input string
}

type guardsSpec struct {
	tensor  string
	columns []guardSpec
}

// signalSpec is a column of the signals: rows whose value in column `input` of `step` is served, and is of this kind.
// training is their share in training, a decimal, or "".
type signalSpec struct {
	kind     string
	step     string
	input    string
	training string
}

type signalsSpec struct {
	tensor  string
	columns []signalSpec
}

// manifest is manifest.json, format 1. `files` maps a file to its SHA-256 in hex, `plan` is that of plan.json.
type manifest struct {
	identity           string // SHA-256 of manifest.json
	name               string
	signature          string
	inputs             []inputSpec
	tensors            []tensorSpec
	outputs            []outputSpec
	guards             *guardsSpec
	minimumONNXRuntime string
	files              map[string]string
	plan               string
	tzdata             *string
	builtWith          map[string]string
	log                logSpec
	signals            *signalsSpec // nil if the graph does not signal
}

// logSpec is what a request log must not show: inputs that it leaves out, or writes as a salted hash.
type logSpec struct {
	omit []string
	hash []string
}

var (
	fileNamePattern = regexp.MustCompile(`\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\z`)
	sha256Pattern   = regexp.MustCompile(`\A[0-9a-f]{64}\z`)
	codePattern     = regexp.MustCompile(`\A[a-z][a-z0-9]*(-[a-z0-9]+)*\z`)
	ratioPattern    = regexp.MustCompile(`\A(0(\.[0-9]{1,12})?|1)\z`)
	versionPattern  = regexp.MustCompile(`\A[0-9]{1,6}(\.[0-9]{1,6}){1,3}\z`)
)

const (
	maxInt32  = 1<<31 - 1
	mostFiles = 100
)

// readManifest reads manifest.json. Errors: artifact-malformed, artifact-too-new, artifact-unsafe.
func readManifest(data []byte) (*manifest, *Error) {
	value, err := parseJSON(data, manifestName)
	if err != nil {
		return nil, err
	}
	fail := &failure{}
	top := newFields(value, manifestName, fail)
	readHead(top)
	if fail.first != nil {
		return nil, fail.first
	}
	m := &manifest{
		name:      top.text("name"),
		signature: top.oneOf("signature", "columns", "packed"),
		inputs:    each(top.objects("inputs"), readInput),
		tensors:   each(top.objects("tensors"), readTensor),
		outputs:   each(top.objects("outputs"), readOutput),
		guards:    readGuards(top.optionalObject("guards")),
		files:     top.textsByKey("files"),
		plan:      top.text("plan"),
		tzdata:    top.optionalText("tzdata"),
		builtWith: top.textsByKey("built_with"),
	}
	m.minimumONNXRuntime = readONNX(top.object("onnx"))
	if _, has := top.left["log"]; has {
		log := top.object("log")
		m.log = logSpec{omit: log.texts("omit"), hash: log.texts("hash")}
		log.done()
	}
	if _, has := top.left["signals"]; has {
		m.signals = readSignals(top.object("signals"))
	}
	for name := range m.builtWith {
		top.checkText(name, manifestName+".built_with")
	}
	top.done()
	if fail.first != nil {
		return nil, fail.first
	}
	return m, m.verify()
}

func readHead(top *fields) {
	if top.take("skc") != "artifact" {
		top.note(malformed(manifestName+".skc", "this is not the manifest of an artifact"))
	}
	version := top.integer("format", 1, 1<<53)
	if version > formatVersion {
		message := fmt.Sprintf("the artifact has format %d, this runtime reads up to %d", version, formatVersion)
		hint := "take a newer skc.dev/runtime, or compile the pipeline with the version of `skc` that fits this one"
		top.note(newError(CodeArtifactTooNew, message, hint))
	}
}

func each[T any](objects []*fields, read func(*fields) T) []T {
	found := make([]T, len(objects))
	for i, object := range objects {
		found[i] = read(object)
		object.done()
	}
	return found
}

func readInput(f *fields) inputSpec {
	input := inputSpec{
		name:       f.text("name"),
		kind:       f.oneOf("type", string(Float64), string(Float32), string(Int64), string(Bool), string(String), typeTimestamp, typeDate, typeTime),
		nullable:   f.flag("nullable"),
		nanIsError: f.oneOf("nan", "null", "error") == "error",
		slot:       readSlot(f),
	}
	if valid := f.optionalObject("valid"); valid != nil {
		place := readSlot(valid)
		input.valid = &place
		valid.done()
	}
	if _, has := f.left["text"]; has {
		input.numberText = f.oneOf("text", "number") == "number"
		if !input.isNumber() {
			f.note(malformed(f.place+".text", input.kind+" is not a kind of number"))
		}
	}
	if _, has := f.left["timezone"]; has {
		input.timezone = f.text("timezone")
		if input.kind != typeTimestamp {
			f.note(malformed(f.place+".timezone", input.kind+" is not a timestamp"))
		}
		input.isLocal = true
	}
	return input
}

func readSlot(f *fields) slot {
	return slot{f.text("tensor"), int(f.integer("column", 0, maxInt32))}
}

func readTensor(f *fields) tensorSpec {
	return tensorSpec{
		name:  f.text("name"),
		dtype: DType(f.oneOf("dtype", string(Float64), string(Float32), string(Int64), string(Bool), string(String))),
		width: int(f.integer("width", 1, 1_000_000)),
	}
}

func readOutput(f *fields) outputSpec {
	dtypes := []string{string(Float32), string(Float64), string(Int64), string(Bool), string(String)}
	return outputSpec{
		name:    f.text("name"),
		dtype:   DType(f.oneOf("dtype", dtypes...)),
		columns: f.texts("columns"),
		exact:   f.flags("exact"),
		valid:   f.optionalText("valid"),
	}
}

func readGuards(f *fields) *guardsSpec {
	if f == nil {
		return nil
	}
	guards := &guardsSpec{tensor: f.text("tensor"), columns: each(f.objects("columns"), readGuard)}
	f.done()
	return guards
}

func readGuard(f *fields) guardSpec {
	code := f.text("code")
	if !codePattern.MatchString(code) {
		f.note(malformed(f.place+".code", shown(code)+" is not an error code"))
	}
	return guardSpec{Code(code), f.text("step"), f.text("input")}
}

func readSignals(f *fields) *signalsSpec {
	signals := &signalsSpec{tensor: f.text("tensor"), columns: each(f.objects("columns"), readSignal)}
	f.done()
	if len(signals.columns) == 0 {
		f.note(malformed(f.place, "there is no column"))
	}
	return signals
}

func readSignal(f *fields) signalSpec {
	signal := signalSpec{
		kind:  f.oneOf("kind", "null", "unknown", "invalid", "clipped", "outside"),
		step:  f.text("step"),
		input: f.text("input"),
	}
	if _, has := f.left["training"]; has {
		signal.training = f.text("training")
		if !ratioPattern.MatchString(signal.training) {
			f.note(malformed(f.place+".training", shown(signal.training)+" is not a share, as in 0.25"))
		}
	}
	return signal
}

// readONNX reads what the graph requires of ONNX Runtime; the version is checked later.
func readONNX(f *fields) string {
	for _, key := range []string{"opset", "ml", "ir"} {
		f.integer(key, 1, maxInt32)
	}
	f.texts("domains")
	minimum := f.text("minimum_onnxruntime")
	if !versionPattern.MatchString(minimum) {
		f.note(malformed(f.place+".minimum_onnxruntime", shown(minimum)+" is not a version"))
	}
	f.done()
	return minimum
}
