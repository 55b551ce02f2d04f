package main

import (
	"encoding/json"
	"errors"
	"sync"
	"time"

	skc "skc.dev/runtime"
)

// watch serves one row from several threads while its folder is replaced, and records the responses of each artifact.
type watch struct {
	reloadable *skc.Reloadable
	stop       chan struct{}
	running    sync.WaitGroup

	mutex   sync.Mutex // of what follows
	calls   int
	answers map[string]map[string]bool // identity -> outputs
	errors  []string
}

func startWatch(artifact string, row object, threads int, interval float64) (*watch, error) {
	settings := skc.ReloadSettings{Interval: time.Duration(interval * float64(time.Second))}
	reloadable, err := skc.LoadReloadable(artifact, settings)
	if err != nil {
		return nil, err
	}
	w := &watch{reloadable: reloadable, stop: make(chan struct{}), answers: map[string]map[string]bool{}}
	for range threads {
		w.running.Add(1)
		go w.serve(row)
	}
	return w, nil
}

func (w *watch) serve(row object) {
	defer w.running.Done()
	for {
		select {
		case <-w.stop:
			return
		default:
		}
		err := w.reloadable.Use(func(t *skc.Transformer) error {
			if _, err := t.Transform(row); err != nil {
				return err
			}
			time.Sleep(time.Millisecond) // another takes its place meanwhile: what is in use must serve on
			features, err := t.Transform(row)
			if err != nil {
				return err
			}
			answer, err := json.Marshal(encodeOutputs(features))
			w.keep(t.Identity(), string(answer))
			return err
		})
		if err == nil {
			_, err = w.reloadable.Transform(row)
		}
		if err != nil {
			w.fail(err)
		}
	}
}

func (w *watch) keep(identity, answer string) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.calls++
	if w.answers[identity] == nil {
		w.answers[identity] = map[string]bool{}
	}
	w.answers[identity][answer] = true
}

func (w *watch) fail(err error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.errors = append(w.errors, codeOf(err))
}

func codeOf(err error) string {
	var refusal *skc.Error
	if errors.As(err, &refusal) {
		return string(refusal.Code)
	}
	return err.Error()
}

func (w *watch) status() object {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	answers := object{}
	for identity, given := range w.answers {
		list := []json.RawMessage{}
		for answer := range given {
			list = append(list, json.RawMessage(answer))
		}
		answers[identity] = list
	}
	status := object{"identity": w.reloadable.Identity(), "calls": w.calls, "answers": answers, "last_error": nil}
	status["errors"] = append([]string{}, w.errors...)
	if err := w.reloadable.LastError(); err != nil {
		status["last_error"] = codeOf(err)
	}
	return status
}

func (w *watch) endCalls() {
	close(w.stop)
	w.running.Wait()
}

func (e *executor) watched(r *request) (any, error) {
	if r.Do == "watch" {
		var err error
		e.watch, err = startWatch(r.Artifact, e.rows[0], r.Threads, r.Interval)
		return object{"watching": true}, err
	}
	if r.Do == "watched" {
		return e.watch.status(), nil
	}
	e.watch.endCalls()
	status := e.watch.status()
	return status, e.watch.reloadable.Close()
}
