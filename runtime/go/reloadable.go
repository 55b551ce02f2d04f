package skc

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Reloadable always serves the newest artifact in a folder that is replaced while serving. Any number of goroutines may use it.
//
// Why polling: it works on every file system, for a folder that is renamed into place, a link that is switched and the
// ..data of Kubernetes alike. A new artifact is loaded next to the old one, with every check of Load, and takes its place
// only then. A call in progress keeps the transformer that it started with, which is closed when the last such call has
// ended: no call fails, and no answer mixes two artifacts.
type Reloadable struct {
	dir      string
	settings ReloadSettings
	options  []Option

	loading     sync.Mutex // one at a time; of what follows
	fingerprint string

	mutex     sync.Mutex // of what follows
	current   *lease     // nil when closed
	lastError error

	closing  chan struct{}
	watching sync.WaitGroup
}

// ReloadSettings sets how often a Reloadable checks, and its callbacks.
type ReloadSettings struct {
	Interval time.Duration      // between two checks; 0 to look only when Reload is called
	OnReload func(*Transformer) // is called with each new transformer, which it must not close
	OnError  func(error)        // is called with the reason if a new artifact is refused
}

// lease counts the users of a transformer: its owner, and every call in progress. The last one closes it.
type lease struct {
	transformer *Transformer
	users       int // of Reloadable.mutex
}

const attempts = 3 // at reading files that are being replaced

// LoadReloadable loads the artifact of a folder, and then each that takes its place. The first must load; otherwise
// its error is returned. Close it when it is no longer needed.
func LoadReloadable(dir string, settings ReloadSettings, options ...Option) (*Reloadable, error) {
	if settings.Interval < 0 {
		return nil, newError(CodeInvalidOption, fmt.Sprintf("the interval %v", settings.Interval), "0 or more")
	}
	r := &Reloadable{dir: dir, settings: settings, options: options, closing: make(chan struct{})}
	r.fingerprint = fingerprintOf(dir)
	first, err := Load(dir, options...)
	if err != nil {
		return nil, err
	}
	r.current = &lease{first, 1}
	if settings.Interval > 0 {
		r.watching.Add(1)
		go r.watch()
	}
	return r, nil
}

// Use calls a function with the current transformer, which is not closed before the function returns: for calls that
// belong together. Its error is that of the function, or has the code closed.
func (r *Reloadable) Use(call func(*Transformer) error) error {
	l := r.enter()
	if l == nil {
		return closed()
	}
	defer r.leave(l)
	return call(l.transformer)
}

func (r *Reloadable) enter() *lease {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.current != nil {
		r.current.users++
	}
	return r.current
}

func (r *Reloadable) leave(l *lease) {
	r.mutex.Lock()
	l.users--
	isLast := l.users == 0
	r.mutex.Unlock()
	if isLast {
		_ = l.transformer.Close() // nobody is left to be notified
	}
}

// Transform is that of the current transformer.
func (r *Reloadable) Transform(record any, options ...CallOption) (found Features, err error) {
	err = r.Use(func(t *Transformer) (err error) { found, err = t.Transform(record, options...); return err })
	return found, err
}

// TransformRecords is that of the current transformer.
func (r *Reloadable) TransformRecords(records any, options ...CallOption) (found Features, err error) {
	err = r.Use(func(t *Transformer) (err error) { found, err = t.TransformRecords(records, options...); return err })
	return found, err
}

// TransformColumns is that of the current transformer.
func (r *Reloadable) TransformColumns(columns map[string]any, options ...CallOption) (found Features, err error) {
	err = r.Use(func(t *Transformer) (err error) { found, err = t.TransformColumns(columns, options...); return err })
	return found, err
}

// TransformJSON is that of the current transformer.
func (r *Reloadable) TransformJSON(body []byte, options ...CallOption) (found Features, err error) {
	err = r.Use(func(t *Transformer) (err error) { found, err = t.TransformJSON(body, options...); return err })
	return found, err
}

// Identity is that of the current transformer; empty when closed.
func (r *Reloadable) Identity() (identity string) {
	_ = r.Use(func(t *Transformer) error { identity = t.Identity(); return nil })
	return identity
}

// LastError is why the newest artifact was refused; nil if the newest is serving.
func (r *Reloadable) LastError() error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.lastError
}

// Reload checks now. It returns whether a new artifact is serving; if one is refused, the old one keeps serving.
func (r *Reloadable) Reload() (bool, error) { return r.look(true) }

func (r *Reloadable) look(isForced bool) (bool, error) {
	made, err := r.loadNewer(isForced)
	if made == nil {
		return false, err
	}
	if r.settings.OnReload != nil {
		r.settings.OnReload(made)
	}
	return true, nil
}

// loadNewer loads the artifact in the folder, makes it current and returns it; nil if it is the one checked last.
func (r *Reloadable) loadNewer(isForced bool) (*Transformer, error) {
	r.loading.Lock()
	defer r.loading.Unlock()
	before := r.Identity()
	if before == "" {
		return nil, closed()
	}
	found := fingerprintOf(r.dir)
	if found == r.fingerprint && !isForced {
		return nil, nil
	}
	made, err := r.loadSteadily(found)
	r.mutex.Lock()
	r.lastError = err
	old := r.current
	if err == nil && old != nil && made.Identity() != before {
		r.current = &lease{made, 1}
	}
	r.mutex.Unlock()
	if err != nil {
		return nil, err
	}
	if old == nil || made.Identity() == before {
		return nil, made.Close()
	}
	r.leave(old)
	return made, nil
}

// loadSteadily reads files again if they are replaced while being read.
func (r *Reloadable) loadSteadily(found string) (made *Transformer, err error) {
	for range attempts {
		r.fingerprint = found
		if made, err = Load(r.dir, r.options...); err == nil {
			return made, nil
		}
		if found = fingerprintOf(r.dir); found == r.fingerprint {
			break
		}
	}
	return nil, err
}

func (r *Reloadable) watch() {
	defer r.watching.Done()
	ticker := time.NewTicker(r.settings.Interval)
	defer ticker.Stop()
	for {
		select {
		case <-r.closing:
			return
		case <-ticker.C:
		}
		_, err := r.look(false)
		var refusal *Error
		if errors.As(err, &refusal) && refusal.Code == CodeClosed {
			return
		}
		if err != nil && r.settings.OnError != nil {
			r.settings.OnError(err)
		}
	}
}

// Close stops watching, and closes the transformer when the calls in progress have ended; later ones get the code closed.
// It must not be called by OnReload or OnError.
func (r *Reloadable) Close() error {
	r.mutex.Lock()
	old := r.current
	r.current = nil
	r.mutex.Unlock()
	if old == nil {
		return nil
	}
	close(r.closing)
	r.watching.Wait()
	r.leave(old)
	return nil
}

// fingerprintOf changes when the folder's artifact is replaced, or one of its files is written: it consists of the
// manifest, and the name, size and time of every file. Links are followed. It is empty if the folder cannot be read
// because it is just being replaced.
func fingerprintOf(dir string) string {
	manifest, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		return ""
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ""
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%x", sha256.Sum256(manifest))
	for _, entry := range entries { // in order of name
		info, err := os.Stat(filepath.Join(dir, entry.Name()))
		if err != nil {
			return ""
		}
		fmt.Fprintf(&text, "\n%q %d %d", entry.Name(), info.Size(), info.ModTime().UnixNano())
	}
	return text.String()
}
