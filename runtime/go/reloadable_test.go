package skc_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	skc "skc.dev/runtime"
)

// That no call fails and no answer is mixed while a folder is replaced is in the conformance suite.

func switchTo(t *testing.T, served, artifact string) {
	t.Helper()
	made := served + ".made"
	target, err := filepath.Abs(artifact)
	if err == nil {
		err = os.Symlink(target, made)
	}
	if err == nil {
		err = os.Rename(made, served)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestAFileOfALogHasTheRequestsOfOneArtifact(t *testing.T) {
	folder := t.TempDir()
	served, logs := filepath.Join(folder, "served"), filepath.Join(folder, "logs")
	switchTo(t, served, artifact(t, "examples/rides/columns"))
	reloadable, err := skc.LoadReloadable(served, skc.ReloadSettings{})
	if err != nil {
		t.Fatal(err)
	}
	defer reloadable.Close()
	first := reloadable.Identity()
	var log *skc.Log
	add := func(id string) func(*skc.Transformer) error {
		return func(held *skc.Transformer) error {
			features, err := held.Transform(ride())
			log.Add(skc.LogEntry{ID: id, Record: ride(), Features: features, ServedBy: held})
			return err
		}
	}
	err = reloadable.Use(func(opened *skc.Transformer) error {
		if log, err = skc.OpenLog(logs, opened, skc.LogOptions{}); err != nil {
			return err
		}
		log.Add(skc.LogEntry{ID: "a", Record: ride()})
		switchTo(t, served, artifact(t, "examples/rides/packed"))
		if isNew, err := reloadable.Reload(); err != nil || !isNew {
			t.Errorf("another artifact was not loaded: %v", err)
		}
		return errors.Join(add("b")(opened), reloadable.Use(add("c")), add("d")(opened), reloadable.Use(add("e")))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil || log.Counts() != (skc.LogCounts{N: 5, Logged: 5}) {
		t.Error(err, log.Counts())
	}
	second := reloadable.Identity()
	for part, wanted := range []struct {
		identity string
		after    int
		ids      []string
	}{{first, 0, []string{"a", "b"}}, {second, 2, []string{"c"}}, {first, 3, []string{"d"}}, {second, 4, []string{"e"}}} {
		text, err := os.ReadFile(filepath.Join(logs, fmt.Sprintf("%d-%d.jsonl", os.Getpid(), part)))
		if err != nil {
			t.Fatal(err)
		}
		head := fmt.Sprintf(`"identity":"%s"`, wanted.identity)
		after := fmt.Sprintf(`"part":%d,"after":%d,"logged":%d,`, part, wanted.after, wanted.after)
		if !strings.Contains(string(text), head) || !strings.Contains(string(text), after) {
			t.Errorf("part %d begins with %.400s", part, text)
		}
		lines := strings.Split(string(text), "\n")
		if len(lines) != len(wanted.ids)+3 {
			t.Errorf("part %d has %d lines", part, len(lines))
		}
		for i, id := range wanted.ids {
			if begin := fmt.Sprintf(`{"n":%d,"id":"%s",`, wanted.after+i+1, id); !strings.HasPrefix(lines[i+1], begin) {
				t.Errorf("part %d has the line %.60s", part, lines[i+1])
			}
		}
	}
}

func TestReloadableKeepsWhatIsInUse(t *testing.T) {
	served := filepath.Join(t.TempDir(), "served")
	switchTo(t, served, artifact(t, "examples/rides/columns"))
	var told []string
	settings := skc.ReloadSettings{OnReload: func(made *skc.Transformer) { told = append(told, made.Identity()) }}
	reloadable, err := skc.LoadReloadable(served, settings)
	if err != nil {
		t.Fatal(err)
	}
	first := reloadable.Identity()
	err = reloadable.Use(func(held *skc.Transformer) error {
		switchTo(t, served, artifact(t, "examples/rides/packed"))
		if isNew, err := reloadable.Reload(); err != nil || !isNew {
			t.Errorf("another artifact was not loaded: %v", err)
		}
		if held.Identity() != first || reloadable.Identity() == first {
			t.Error("the call does not keep the transformer that it began with")
		}
		_, err := held.Transform(ride())
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if len(told) != 1 || told[0] != reloadable.Identity() {
		t.Errorf("told of %v", told)
	}
	if isNew, err := reloadable.Reload(); isNew || err != nil {
		t.Errorf("the same artifact was loaded again: %v", err)
	}
	if features, err := reloadable.TransformJSON([]byte("[]")); err != nil || features.Rows() != 0 {
		t.Errorf("an empty batch: %v", err)
	}
	for range 2 {
		if err := reloadable.Close(); err != nil {
			t.Error(err)
		}
	}
	var refusal *skc.Error
	if _, err := reloadable.Transform(ride()); !errors.As(err, &refusal) || refusal.Code != skc.CodeClosed {
		t.Errorf("after closing: %v", err)
	}
	if _, err := reloadable.Reload(); !errors.As(err, &refusal) || refusal.Code != skc.CodeClosed {
		t.Errorf("after closing: %v", err)
	}
}

func TestReloadableTellsOfARefusal(t *testing.T) {
	served := filepath.Join(t.TempDir(), "served")
	switchTo(t, served, artifact(t, "examples/rides/columns"))
	told := make(chan error, 100)
	settings := skc.ReloadSettings{Interval: time.Millisecond, OnError: func(err error) { told <- err }}
	reloadable, err := skc.LoadReloadable(served, settings)
	if err != nil {
		t.Fatal(err)
	}
	defer reloadable.Close()
	switchTo(t, served, t.TempDir())
	var refusal *skc.Error
	select {
	case err := <-told:
		if !errors.As(err, &refusal) || refusal.Code != skc.CodeArtifactFileMissing {
			t.Errorf("told %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("nobody was told")
	}
	if !errors.As(reloadable.LastError(), &refusal) || refusal.Code != skc.CodeArtifactFileMissing {
		t.Errorf("the last error is %v", reloadable.LastError())
	}
	if _, err := reloadable.Transform(ride()); err != nil {
		t.Errorf("the old one does not serve on: %v", err)
	}
}

func TestReloadableRefusesAnInterval(t *testing.T) {
	var refusal *skc.Error
	_, err := skc.LoadReloadable("nowhere", skc.ReloadSettings{Interval: -1})
	if !errors.As(err, &refusal) || refusal.Code != skc.CodeInvalidOption {
		t.Errorf("%v", err)
	}
}
