package skc

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
)

const (
	zipInflation = 200           // an archive may inflate to so many times its size,
	zipSmall     = 64 * megabyte // or to so much, if that is more
	zipEncrypted = 1             // the bit of an entry's flags
)

// archive is a source: the entries of a zip archive, refused as a whole for one bad entry: one that points outside,
// is duplicated or is encrypted has no legitimate purpose.
type archive struct {
	entries map[string]*zip.File
	left    int64 // what may still be unpacked
}

func openArchive(data []byte) (*archive, *Error) {
	if !bytes.HasPrefix(data, []byte("PK\x03\x04")) { // the start of any archive with an entry
		return nil, noArchive("it does not start like one")
	}
	reader, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil && reader == nil {
		return nil, noArchive(err.Error())
	}
	found := &archive{map[string]*zip.File{}, max(zipSmall, zipInflation*int64(len(data)))}
	for _, entry := range reader.File {
		if err := found.add(entry); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func (a *archive) add(entry *zip.File) *Error {
	switch name := entry.Name; {
	case !fileNamePattern.MatchString(name):
		hint := "zip the files themselves: cd ARTIFACT && zip ../artifact.zip *"
		return newError(CodeArtifactUnsafe, fmt.Sprintf("the archive contains %s, which is not a plain file name", shown(name)), hint)
	case a.entries[name] != nil:
		return newError(CodeArtifactUnsafe, fmt.Sprintf("the archive has a duplicate entry %s", shown(name)), copyHint)
	case entry.Flags&zipEncrypted != 0:
		return newError(CodeArtifactUnsafe, fmt.Sprintf("%s is encrypted", shown(name)), "zip it without a password")
	case entry.Method != zip.Store && entry.Method != zip.Deflate:
		return noArchive(shown(name) + " uses a compression method that not every language supports")
	}
	a.entries[entry.Name] = entry
	return nil
}

func (a *archive) close() {}

func (a *archive) read(name string) ([]byte, *Error) {
	entry := a.entries[name]
	if entry == nil {
		return nil, newError(CodeArtifactFileMissing, fmt.Sprintf("`%s` is missing", name), copyHint)
	}
	size := entry.UncompressedSize64
	if limit := limitOf(name); size > uint64(limit) {
		return nil, tooLarge(name, limit)
	}
	if a.left -= int64(size); a.left < 0 {
		message := fmt.Sprintf("the archive expands to more than %d times its size", zipInflation)
		return nil, newError(CodeArtifactTooLarge, message, "do not serve it")
	}
	file, err := entry.Open()
	if err != nil {
		return nil, noArchive(err.Error())
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, int64(size)+1))
	if err != nil {
		return nil, noArchive(err.Error())
	}
	if uint64(len(data)) != size {
		return nil, noArchive("a file does not match the archive's directory")
	}
	return data, nil
}

func noArchive(why string) *Error {
	return newError(CodeArtifactMalformed, "this is not a zip archive of an artifact: "+why, copyHint)
}
