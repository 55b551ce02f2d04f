package skc

import (
	"fmt"

	ort "github.com/yalue/onnxruntime_go"
)

// newSession loads a model as every runtime of skc does.
//
// Why these options: with one thread per call and no spinning the bits of a row do not depend on its batch and no
// core is wasted; basic optimisation gave the same bits as none; a model in ONNX Runtime's own format would bypass
// our checks.
func newSession(m *manifest, model []byte) (*ort.DynamicAdvancedSession, *Error) {
	options, err := sessionOptions()
	if err != nil {
		return nil, modelRefused(err)
	}
	defer options.Destroy()
	var inputs, outputs []string
	for _, tensor := range m.tensors {
		inputs = append(inputs, tensor.name)
	}
	for _, tensor := range m.outputTensors() {
		outputs = append(outputs, tensor.name)
	}
	session, err := ort.NewDynamicAdvancedSessionWithONNXData(model, inputs, outputs, options)
	if err != nil {
		return nil, modelRefused(err)
	}
	return session, nil
}

func sessionOptions() (*ort.SessionOptions, error) {
	options, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	entries := [][2]string{
		{"session.intra_op.allow_spinning", "0"},
		{"session.inter_op.allow_spinning", "0"},
		{"session.load_model_format", "ONNX"},
	}
	settings := []func() error{
		func() error { return options.SetIntraOpNumThreads(1) },
		func() error { return options.SetInterOpNumThreads(1) },
		func() error { return options.SetLogSeverityLevel(ort.LoggingLevelError) },
		func() error { return options.SetGraphOptimizationLevel(ort.GraphOptimizationLevelEnableBasic) },
	}
	for _, entry := range entries {
		settings = append(settings, func() error { return options.AddSessionConfigEntry(entry[0], entry[1]) })
	}
	for _, set := range settings {
		if err := set(); err != nil {
			_ = options.Destroy() // the first error is the one to report
			return nil, err
		}
	}
	return options, nil
}

func modelRefused(err error) *Error {
	message := fmt.Sprintf("ONNX Runtime %s does not load the model: %s", ort.GetVersion(), shownUpTo(err, 500))
	hint := "compile the pipeline again, or take the version of ONNX Runtime that the manifest requires"
	return newError(CodeModelRefused, message, hint)
}

const compilationHint = "the files come from different compilations: compile the pipeline again"

// checkMetadata checks that the model's metadata names the frozen pipeline of the manifest.
func checkMetadata(m *manifest, session *ort.DynamicAdvancedSession) *Error {
	metadata, err := session.GetModelMetadata()
	if err != nil {
		return modelRefused(err)
	}
	defer metadata.Destroy()
	for _, entry := range [][2]string{{"skc.format", fmt.Sprint(formatVersion)}, {"skc.plan", m.plan}} {
		found, _, err := metadata.LookupCustomMetadataMap(entry[0])
		if err != nil {
			return modelRefused(err)
		}
		if found != entry[1] {
			message := fmt.Sprintf("model.onnx has %s %s, manifest.json says %s", entry[0], shown(found), shownUpTo(entry[1], 80))
			return newError(CodeArtifactInconsistent, message, compilationHint)
		}
	}
	return nil
}
