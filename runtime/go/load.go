package skc

import (
	"io/fs"
	"runtime"
)

// Replay is how exactly the golden records of an artifact must be reproduced when it is loaded.
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
	observer func(Call)
}

// WithLibrary is the path of the shared library of ONNX Runtime.
func WithLibrary(path string) Option { return func(o *loadOptions) { o.library = path } }

// WithReplay sets how exactly golden records must be reproduced; without it, to the bit.
func WithReplay(replay Replay) Option { return func(o *loadOptions) { o.replay = replay } }

func optionsOf(options []Option) loadOptions {
	chosen := loadOptions{replay: ReplayExact}
	for _, option := range options {
		option(&chosen)
	}
	return chosen
}

// Load returns the transformer of an artifact, after every check of the runtime contract. Close it when it is no longer
// needed.
//
// Its error is an *Error: of kind artifact if the artifact cannot be served here, of kind runtime for an invalid
// option.
func Load(dir string, options ...Option) (*Transformer, error) {
	return loaded(func() (source, *Error) { return opened(openFolder(dir)) }, options)
}

// LoadFS is Load for files stored elsewhere: an embed.FS (see fs.Sub), a testing/fstest.MapFS of bytes, an archive.
// How it resolves links is up to the file system.
func LoadFS(files fs.FS, options ...Option) (*Transformer, error) {
	return loaded(func() (source, *Error) { return tree{files}, nil }, options)
}

// LoadZip is Load for the bytes of a zip archive of the files.
func LoadZip(data []byte, options ...Option) (*Transformer, error) {
	return loaded(func() (source, *Error) { return opened(openArchive(data)) }, options)
}

// opened keeps a nil pointer from becoming a non-nil source.
func opened[T source](found T, err *Error) (source, *Error) {
	if err != nil {
		return nil, err
	}
	return found, nil
}

func loaded(open func() (source, *Error), options []Option) (*Transformer, error) {
	t, err := load(open, optionsOf(options))
	if err != nil {
		return nil, err
	}
	return t, nil
}

func load(open func() (source, *Error), options loadOptions) (*Transformer, *Error) {
	if options.replay != ReplayExact && options.replay != ReplayTolerance {
		return nil, newError(CodeInvalidOption, "replay="+shown(string(options.replay)), `"exact" or "tolerance"`)
	}
	runtime.LockOSThread() // the thread whose arithmetic is checked is then the one that replays
	defer runtime.UnlockOSThread()
	if err := checkArithmetic(); err != nil {
		return nil, err
	}
	from, err := open()
	if err != nil {
		return nil, err
	}
	defer from.close()
	files, m, err := readArtifact(from, options)
	if err != nil {
		return nil, err
	}
	t, err := openModel(m, files[modelName])
	if err != nil {
		return nil, err
	}
	if err := t.replayGolden(files[goldenName], options.replay); err != nil {
		_ = t.Close() // the refusal is the error to report
		return nil, err
	}
	t.watch = newWatch(m, options.observer) // replaying is not serving
	return t, nil
}

// readArtifact reads the manifest first and strictly, since all other checks depend on it; then every other file,
// once, and only with the right hash.
func readArtifact(from source, options loadOptions) (map[string][]byte, *manifest, *Error) {
	data, err := from.read(manifestName)
	if err != nil {
		return nil, nil, err
	}
	identity, err := checkOrigin(data, options, func(name string) ([]byte, *Error) { return from.read(name) })
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
		data, err := readHashed(from, name, m.files[name])
		if err != nil {
			return nil, nil, err
		}
		if name == modelName || name == goldenName { // the others are not needed here
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
		_ = session.Destroy() // the refusal is the error to report
		return nil, err
	}
	return newTransformer(m, session), nil
}
