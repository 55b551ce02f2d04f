package skc

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const (
	megabyte   = 1 << 20
	otherLimit = 2047 * megabyte // plan.json and what a later compiler may add: hashed, not parsed
	copyHint   = "copy the artifact again from where it was compiled, or compile it again"
)

var sizeLimits = map[string]int64{manifestName: 64 * megabyte, goldenName: 64 * megabyte, modelName: 2047 * megabyte, signatureName: megabyte}

func limitOf(name string) int64 {
	if limit, isListed := sizeLimits[name]; isListed {
		return limit
	}
	return otherLimit
}

// source provides the files of one artifact. Each is read once, so that nothing can change between its check
// and its use.
type source interface {
	read(name string) ([]byte, *Error)
	close()
}

// folder is a source. Links inside it are allowed: a ConfigMap or Secret of Kubernetes is a folder of links into
// `..data/`, itself a link to the current version. All files are read from the folder that manifest.json resolves to,
// so that a swap in the middle of a load does not mix two versions.
type folder struct {
	path string   // without links
	base string   // of the files
	root *os.Root // what opens below it never leads out, whatever changes meanwhile
}

func openFolder(dir string) (*folder, *Error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, noFolder(dir)
	}
	path, err := filepath.EvalSymlinks(dir)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return nil, noFolder(dir)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, noFolder(dir)
	}
	return &folder{path, path, root}, nil
}

func noFolder(dir string) *Error {
	return newError(CodeArtifactNotFound, fmt.Sprintf("%s is not a directory", shown(dir)), "check the path")
}

func (f *folder) close() { _ = f.root.Close() }

func (f *folder) read(name string) ([]byte, *Error) {
	place, err := filepath.EvalSymlinks(filepath.Join(f.base, name))
	if err != nil {
		return nil, unread(name, err)
	}
	inside, err := filepath.Rel(f.path, place)
	if err != nil || inside == ".." || strings.HasPrefix(inside, ".."+string(filepath.Separator)) {
		return nil, unsafeFile(fmt.Sprintf("`%s` is a link that leads outside the artifact", name))
	}
	if name == manifestName {
		f.base = filepath.Dir(place)
	}
	info, err := os.Lstat(place)
	if err != nil {
		return nil, unread(name, err)
	}
	if !info.Mode().IsRegular() { // opening a pipe would block, and opening a device may have side effects
		return nil, unsafeFile(fmt.Sprintf("`%s` is not a regular file", name))
	}
	file, err := f.root.OpenFile(inside, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, unread(name, err)
	}
	return readAll(file, name)
}

// readAll is the bytes of a regular file of bounded size, which it closes.
func readAll(file fs.File, name string) ([]byte, *Error) {
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, unread(name, err)
	}
	if !info.Mode().IsRegular() {
		return nil, unsafeFile(fmt.Sprintf("`%s` is not a regular file", name))
	}
	limit := limitOf(name)
	if info.Size() > limit {
		return nil, tooLarge(name, limit)
	}
	data := bytes.NewBuffer(make([]byte, 0, info.Size()+bytes.MinRead))
	if _, err := data.ReadFrom(io.LimitReader(file, info.Size()+1)); err != nil {
		return nil, unread(name, err)
	}
	return data.Bytes(), nil // of a file that grows meanwhile, one byte too many for its hash
}

func unread(name string, err error) *Error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return newError(CodeArtifactFileMissing, fmt.Sprintf("`%s` is missing", name), copyHint)
	case errors.Is(err, syscall.ELOOP), errors.Is(err, syscall.ENOTDIR), isEscape(err):
		return unsafeFile(fmt.Sprintf("`%s` is a broken link, or one that leads outside the artifact", name))
	}
	return newError(CodeArtifactFileMissing, fmt.Sprintf("`%s` cannot be read: %v", name, err), "")
}

// isEscape recognises errors of packages os and path/filepath that have no name: an escape from a root, and a cycle
// of links.
func isEscape(err error) bool {
	text := err.Error()
	return strings.HasSuffix(text, "path escapes from parent") || strings.HasSuffix(text, "too many links")
}

func unsafeFile(message string) *Error {
	return newError(CodeArtifactUnsafe, message, "copy the artifact with its links resolved (cp -RL)")
}

func tooLarge(name string, limit int64) *Error {
	return newError(CodeArtifactTooLarge, fmt.Sprintf("`%s` has more than %d bytes", name, limit), "")
}

// tree is a source: any file system of Go, such as an embed.FS, a zip.Reader, or a fstest.MapFS of bytes.
type tree struct{ files fs.FS }

func (t tree) close() {}

func (t tree) read(name string) ([]byte, *Error) {
	file, err := t.files.Open(name)
	if err != nil {
		return nil, unread(name, err)
	}
	return readAll(file, name)
}

// readHashed is the bytes of a file that must have the SHA-256 of the manifest.
func readHashed(from source, name, digest string) ([]byte, *Error) {
	data, err := from.read(name)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != digest {
		message := fmt.Sprintf("`%s` does not have the hash given in manifest.json", name)
		return nil, newError(CodeArtifactHashMismatch, message, copyHint)
	}
	return data, nil
}
