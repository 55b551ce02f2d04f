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
)

const (
	megabyte   = 1 << 20
	otherLimit = 2047 * megabyte // plan.json and what a later compiler may add: hashed, not parsed
	copyHint   = "copy the artifact again from where it was compiled, or compile it again"
)

var sizeLimits = map[string]int64{manifestName: 64 * megabyte, goldenName: 64 * megabyte, modelName: 2047 * megabyte, signatureName: megabyte}

// readFile is the bytes of a regular file of bounded size. Every file is read once, so that nothing can change
// between its check and its use.
func readFile(dir, name string) ([]byte, *Error) {
	limit, isListed := sizeLimits[name]
	if !isListed {
		limit = otherLimit
	}
	data, err := readRegular(filepath.Join(dir, name), name, limit)
	var refusal *Error
	switch {
	case err == nil:
		return data, nil
	case errors.As(err, &refusal):
		return nil, refusal
	case errors.Is(err, fs.ErrNotExist):
		return nil, newError(CodeArtifactFileMissing, fmt.Sprintf("`%s` is not there", name), copyHint)
	}
	return nil, newError(CodeArtifactFileMissing, fmt.Sprintf("`%s` cannot be read: %v", name, err), "")
}

func readRegular(path, name string, limit int64) ([]byte, error) {
	before, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !before.Mode().IsRegular() { // opening a pipe would wait, and a link leads elsewhere
		return nil, unsafeFile(name)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	opened, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !os.SameFile(before, opened) { // it became a link just now
		return nil, unsafeFile(name)
	}
	if opened.Size() > limit {
		return nil, tooLarge(name, limit)
	}
	data := bytes.NewBuffer(make([]byte, 0, opened.Size()+bytes.MinRead))
	if _, err := data.ReadFrom(io.LimitReader(file, limit+1)); err != nil {
		return nil, err
	}
	if int64(data.Len()) > limit {
		return nil, tooLarge(name, limit)
	}
	return data.Bytes(), nil
}

func unsafeFile(name string) *Error {
	hint := "copy the artifact with its links resolved (cp -RL)"
	return newError(CodeArtifactUnsafe, fmt.Sprintf("`%s` is a link or no regular file", name), hint)
}

func tooLarge(name string, limit int64) *Error {
	return newError(CodeArtifactTooLarge, fmt.Sprintf("`%s` has more than %d bytes", name, limit), "")
}

// readHashed is the bytes of a file that must have the SHA-256 of the manifest.
func readHashed(dir, name, digest string) ([]byte, *Error) {
	data, err := readFile(dir, name)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != digest {
		message := fmt.Sprintf("`%s` is not the file that manifest.json names", name)
		return nil, newError(CodeArtifactHashMismatch, message, copyHint)
	}
	return data, nil
}
