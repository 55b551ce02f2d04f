package skc

import (
	"fmt"
	"os"
	"runtime"
)

// Replay says how exactly the golden records of an artifact must come out when it is loaded.
type Replay string

const (
	ReplayExact     Replay = "exact"     // to the bit
	ReplayTolerance Replay = "tolerance" // columns that are not exact to 1e-6: for another processor architecture
)

// Option is an option of Load.
type Option func(*loadOptions)

type loadOptions struct {
	library  string
	replay   Replay
	expect   *string // the identity that the artifact must have, nil for any
	key      []byte  // of whom must have signed it, if isSigned
	isSigned bool
}

// WithLibrary is the path of the shared library of ONNX Runtime.
func WithLibrary(path string) Option { return func(o *loadOptions) { o.library = path } }

// WithReplay sets how exactly golden records must come out; without it, to the bit.
func WithReplay(replay Replay) Option { return func(o *loadOptions) { o.replay = replay } }

func optionsOf(options []Option) loadOptions {
	chosen := loadOptions{replay: ReplayExact}
	for _, option := range options {
		option(&chosen)
	}
	return chosen
}

// Load gives the transformer of an artifact, after every check of the runtime contract. Close it when it is no longer
// needed.
//
// Its error is an *Error: of kind artifact where the artifact cannot be served here, of kind runtime for an option.
func Load(dir string, options ...Option) (*Transformer, error) {
	t, err := load(dir, optionsOf(options))
	if err != nil {
		return nil, err
	}
	return t, nil
}

func load(dir string, options loadOptions) (*Transformer, *Error) {
	if options.replay != ReplayExact && options.replay != ReplayTolerance {
		return nil, newError(CodeInvalidOption, "replay="+shown(string(options.replay)), `"exact" or "tolerance"`)
	}
	runtime.LockOSThread() // the thread whose arithmetic is checked is then the one that replays
	defer runtime.UnlockOSThread()
	if err := checkArithmetic(); err != nil {
		return nil, err
	}
	files, m, err := readArtifact(dir, options)
	if err != nil {
		return nil, err
	}
	t, err := openModel(m, files[modelName])
	if err != nil {
		return nil, err
	}
	if err := t.replayGolden(files[goldenName], options.replay); err != nil {
		_ = t.Close() // the refusal is the error to tell
		return nil, err
	}
	return t, nil
}

// readArtifact reads the manifest first and strictly, since everything else is judged by it; then every other file,
// once, and only with the right hash.
func readArtifact(dir string, options loadOptions) (map[string][]byte, *manifest, *Error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, nil, newError(CodeArtifactNotFound, fmt.Sprintf("%s is not a directory", shown(dir)), "check the path")
	}
	data, err := readFile(dir, manifestName)
	if err != nil {
		return nil, nil, err
	}
	identity, err := checkOrigin(data, options, func(name string) ([]byte, *Error) { return readFile(dir, name) })
	if err != nil {
		return nil, nil, err
	}
	m, err := readManifest(data)
	if err != nil {
		return nil, nil, err
	}
	m.identity = identity
	if err := loadLibrary(options.library); err != nil {
		return nil, nil, err
	}
	if err := checkVersion(m); err != nil {
		return nil, nil, err
	}
	files := map[string][]byte{}
	for _, name := range sortedKeys(m.files) {
		data, err := readHashed(dir, name, m.files[name])
		if err != nil {
			return nil, nil, err
		}
		if name == modelName || name == goldenName { // the others are of no use here
			files[name] = data
		}
	}
	return files, m, nil
}

func openModel(m *manifest, model []byte) (*Transformer, *Error) {
	if err := scanModel(model); err != nil {
		return nil, err
	}
	session, err := newSession(m, model)
	if err != nil {
		return nil, err
	}
	err = checkTensors(m, model)
	if err == nil {
		err = checkMetadata(m, session)
	}
	if err != nil {
		_ = session.Destroy() // the refusal is the error to tell
		return nil, err
	}
	return newTransformer(m, session), nil
}
