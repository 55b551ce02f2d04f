package skc

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The files of a request log: PID-NUMBER.jsonl.open while it is written, without .open when it is complete. See
// runtime/python/skc_runtime/log_files.py.

const openSuffix = ".open"

type logFile struct {
	path   string
	file   *os.File
	fsync  bool
	size   int64 // of whole lines
	isTorn bool  // half a line could not be cut off, so that nothing may follow it
}

func newLogFile(folder string, header []byte, fsync bool) (*logFile, error) {
	path, file, err := createLogFile(folder)
	if err != nil {
		return nil, err
	}
	f := &logFile{path: path, file: file, fsync: fsync}
	if err := f.write(header); err != nil {
		f.abandon()
		_ = os.Remove(path) // what is left of it is empty
		return nil, err
	}
	return f, nil
}

// createLogFile makes an empty file with a name of its own. Why it looks for a complete file only afterwards: two
// containers that share a folder may both be process 1.
func createLogFile(folder string) (string, *os.File, error) {
	for number := 0; ; number++ {
		final := filepath.Join(folder, fmt.Sprintf("%d-%d.jsonl", os.Getpid(), number))
		path := final + openSuffix
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return "", nil, err
		}
		if _, err := os.Lstat(final); errors.Is(err, os.ErrNotExist) {
			return path, file, nil
		}
		_ = file.Close()
		if err := os.Remove(path); err != nil {
			return "", nil, err
		}
	}
}

// write appends whole lines: all of them, or none.
func (f *logFile) write(lines []byte) error {
	_, err := f.file.Write(lines)
	if err == nil && f.fsync {
		err = f.file.Sync()
	}
	if err != nil {
		f.isTorn = f.file.Truncate(f.size) != nil
		return err
	}
	f.size += int64(len(lines))
	return nil
}

// isThere reports whether it was not deleted: what is written to a deleted file is lost.
func (f *logFile) isThere() bool {
	at, err := os.Lstat(f.path)
	if err != nil {
		return false
	}
	own, err := f.file.Stat()
	return err == nil && os.SameFile(at, own)
}

// complete writes the last line, and gives the file its name.
func (f *logFile) complete(trailer []byte) error {
	err := f.write(trailer)
	f.abandon()
	if err != nil {
		return err
	}
	return os.Rename(f.path, strings.TrimSuffix(f.path, openSuffix))
}

// abandon closes it as it is, incomplete.
func (f *logFile) abandon() { _ = f.file.Close() }
