package skc_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	skc "skc.dev/runtime"
)

func transformed(t *testing.T, features skc.Features, err error) skc.Features {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return features
}

// refused is the error of a code.
func refused(t *testing.T, err error, code skc.Code) *skc.Error {
	t.Helper()
	var found *skc.Error
	if !errors.As(err, &found) || found.Code != code {
		t.Fatalf("got %v, want %s", err, code)
	}
	return found
}

func TestEveryFormGivesTheSame(t *testing.T) {
	for _, signature := range []string{"columns", "packed"} {
		transformer := rides(t, signature)
		features, err := transformer.Transform(ride())
		want := transformed(t, features, err)
		forms := map[string]func() (skc.Features, error){
			"struct":  func() (skc.Features, error) { return transformer.Transform(rideStruct()) },
			"records": func() (skc.Features, error) { return transformer.TransformRecords([]map[string]any{ride(), ride()}) },
			"mixed":   func() (skc.Features, error) { return transformer.TransformRecords([]any{ride(), rideStruct()}) },
			"structs": func() (skc.Features, error) { return transformer.TransformRecords([]rideRecord{*rideStruct()}) },
			"record":  func() (skc.Features, error) { return transformer.TransformRecord(ride()) },
			"columns": func() (skc.Features, error) {
				return transformer.TransformColumns(rideColumns(3), skc.WithExtra(skc.IgnoreExtra))
			},
			"JSON":            func() (skc.Features, error) { return transformer.TransformJSON(rideJSON(t, "", "")) },
			"JSON of records": func() (skc.Features, error) { return transformer.TransformJSON(rideJSON(t, "[", "]")) },
		}
		for name, transform := range forms {
			features, err := transform()
			got := transformed(t, features, err)
			for row := range got.Rows() {
				if !reflect.DeepEqual(got.Row(row), want) {
					t.Errorf("%s, %s, row %d: %v, want %v", signature, name, row, got.Row(row), want)
				}
			}
		}
	}
}

func rideJSON(t *testing.T, before, after string) []byte {
	t.Helper()
	body, err := json.Marshal(ride())
	if err != nil {
		t.Fatal(err)
	}
	return []byte(before + string(body) + after)
}

func TestFormsOfJSON(t *testing.T) {
	transformer := rides(t, "packed")
	for _, isSingle := range []bool{true, false} {
		before, after := "", ""
		if !isSingle {
			before, after = "[", "]"
		}
		features, err := transformer.TransformJSON(rideJSON(t, before, after))
		if transformed(t, features, err).IsSingle() != isSingle {
			t.Errorf("%s%s: single is %v", before, after, !isSingle)
		}
	}
	_, err := transformer.TransformJSON([]byte(`{"distance_km": -1e400, "pickup": "", "driver": ""}`))
	if found := refused(t, err, skc.CodeNotExact); !strings.Contains(found.Message, "-1e400") {
		t.Error(found)
	}
	_, err = transformer.TransformColumns(rideColumns(1))
	refused(t, err, skc.CodeUnknownKey)
	record := ride()
	record["fare"] = []float64{1.5}
	_, err = transformer.Transform(record)
	if found := refused(t, err, skc.CodeWrongType); !strings.Contains(found.Hint, "TransformColumns") {
		t.Error(found)
	}
}

func rideColumns(rows int) map[string]any {
	columns := map[string]any{"surplus": "ignored"}
	for name, value := range ride() {
		columns[name] = repeated(value, rows)
	}
	columns["distance_km"] = repeated(3.5, rows)
	return columns
}

func TestOutputs(t *testing.T) {
	transformer := rides(t, "packed")
	features, err := transformer.TransformRecords([]map[string]any{ride(), ride(), ride()})
	batch := transformed(t, features, err)
	x, isThere := batch.Float32("x")
	output, _ := batch.Output("x")
	if !isThere || batch.Rows() != 3 || output.Rows != 3 || len(x) != 3*len(output.Columns) || output.DType != skc.Float32 {
		t.Fatalf("%+v", output)
	}
	if described := transformer.Describe().Outputs[0]; !reflect.DeepEqual(described.Columns, output.Columns) {
		t.Errorf("%v are not %v", output.Columns, described.Columns)
	}
	if _, isFloat64 := batch.Float64("x"); isFloat64 {
		t.Error("x is float32")
	}
	if _, isThere := batch.Int64("nowhere"); isThere {
		t.Error("there is no such output")
	}
	if len(batch.Outputs()) != len(transformer.Describe().Outputs) {
		t.Errorf("%d outputs", len(batch.Outputs()))
	}
	ids, _ := batch.Row(2).Int64("ids")
	all, _ := batch.Int64("ids")
	if !reflect.DeepEqual(ids, all[2*len(ids):]) {
		t.Errorf("%v is not the last row of %v", ids, all)
	}
	x[0] = -1 // the caller's: nobody else sees it
	again, err := transformer.Transform(ride())
	if values, _ := transformed(t, again, err).Float32("x"); values[0] == -1 {
		t.Error("the features share memory with the transformer")
	}
}

func TestEmptyBatch(t *testing.T) {
	transformer := rides(t, "columns")
	features, err := transformer.TransformRecords([]map[string]any{})
	x, isThere := transformed(t, features, err).Float32("x")
	if !isThere || x == nil || len(x) != 0 || features.Rows() != 0 {
		t.Errorf("%v, %d rows", x, features.Rows())
	}
}

func TestRefusalsNameTheirPlace(t *testing.T) {
	transformer := rides(t, "packed")
	broken := ride()
	broken["distance_km"] = "far"
	_, err := transformer.TransformRecords([]map[string]any{ride(), broken})
	found := refused(t, err, skc.CodeWrongType)
	if found.Input != "distance_km" || found.Row != 1 || found.Kind != skc.KindRecord {
		t.Errorf("%+v", found)
	}
	want := "error[wrong-type]: expected a number, got string \"far\" (input `distance_km`, row 1)\n\n" +
		"hint: send a number, or declare the input with `text: number`"
	if err.Error() != want {
		t.Errorf("got %s", err)
	}
	guarded := ride()
	guarded["pickup"] = "yesterday"
	_, err = transformer.Transform(guarded)
	found = refused(t, err, skc.CodeInvalidValue)
	if found.Row != -1 || found.Input != "pickup" || !strings.Contains(found.Step, "parse_datetime") {
		t.Errorf("%+v", found)
	}
	if !strings.Contains(found.Message, `"yesterday"`) {
		t.Error(found.Message)
	}
	_, err = transformer.TransformRecords([]map[string]any{ride(), ride(), guarded})
	if found = refused(t, err, skc.CodeInvalidValue); found.Row != 2 {
		t.Errorf("%+v", found)
	}
	_, err = transformer.TransformRecords([]any{ride(), 5})
	if found = refused(t, err, skc.CodeUnsupportedData); found.Row != 1 {
		t.Errorf("%+v", found)
	}
	_, err = transformer.TransformRecords(5)
	refused(t, err, skc.CodeUnsupportedData)
}

func TestExtraKeys(t *testing.T) {
	transformer, record := rides(t, "columns"), ride()
	record["passenger"] = 2
	_, err := transformer.Transform(record)
	if found := refused(t, err, skc.CodeUnknownKey); found.Input != "passenger" || found.Hint != "did you mean `passengers`?" {
		t.Errorf("%+v", found)
	}
	if _, err := transformer.Transform(record, skc.WithExtra(skc.IgnoreExtra)); err != nil {
		t.Error(err)
	}
	_, err = transformer.Transform(record, skc.WithExtra("sometimes"))
	refused(t, err, skc.CodeInvalidOption)
}

func TestGoroutinesShareATransformer(t *testing.T) {
	transformer := rides(t, "packed")
	other := ride()
	other["zone"], other["payment"], other["night"] = "HARBOUR", nil, true
	records := []map[string]any{ride(), other}
	var wanted []skc.Features
	for _, record := range records {
		features, err := transformer.Transform(record)
		wanted = append(wanted, transformed(t, features, err))
	}
	var all sync.WaitGroup
	for range 8 {
		all.Add(1)
		go func() {
			defer all.Done()
			for k := range 100 {
				features, err := transformer.Transform(records[k%2])
				if err != nil || !reflect.DeepEqual(features, wanted[k%2]) {
					t.Errorf("got %v, %v; want %v", features, err, wanted[k%2])
					return
				}
			}
		}()
	}
	all.Wait()
}

func TestCloseLetsCallsFinish(t *testing.T) {
	transformer, err := skc.Load(artifact(t, "examples/rides/columns"))
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	started := make(chan struct{}, 8)
	for range 8 {
		all.Add(1)
		go func() {
			defer all.Done()
			for k := 0; ; k++ {
				_, err := transformer.Transform(ride())
				if err != nil {
					var found *skc.Error
					if !errors.As(err, &found) || found.Code != skc.CodeClosed || found.Kind != skc.KindRuntime {
						t.Error(err)
					}
					return
				}
				if k == 0 {
					started <- struct{}{}
				}
			}
		}()
	}
	<-started
	if err := transformer.Close(); err != nil {
		t.Error(err)
	}
	all.Wait()
	if err := transformer.Close(); err != nil {
		t.Error("closing twice:", err)
	}
	_, err = transformer.TransformRecords([]map[string]any{})
	refused(t, err, skc.CodeClosed)
	_, err = transformer.TransformColumns(rideColumns(1))
	refused(t, err, skc.CodeClosed)
	if transformer.Describe().Name != "rides" {
		t.Error("a closed transformer describes itself too")
	}
}

func TestLoadRefuses(t *testing.T) {
	folder := artifact(t, "examples/rides/packed")
	_, err := skc.Load(filepath.Join(folder, "nowhere"))
	refused(t, err, skc.CodeArtifactNotFound)
	_, err = skc.Load(folder, skc.WithReplay("loosely"))
	refused(t, err, skc.CodeInvalidOption)
	_, err = skc.Load(folder, skc.WithLibrary("another"))
	refused(t, err, skc.CodeInvalidOption)

	copied := t.TempDir()
	if err := os.CopyFS(copied, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join(copied, "golden.jsonl")
	if err := os.WriteFile(golden, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = skc.Load(copied)
	if found := refused(t, err, skc.CodeArtifactHashMismatch); found.Kind != skc.KindArtifact {
		t.Errorf("%+v", found)
	}
}

func TestReplayWithTolerance(t *testing.T) {
	transformer, err := skc.Load(artifact(t, "examples/rides/packed"), skc.WithReplay(skc.ReplayTolerance))
	if err != nil {
		t.Fatal(err)
	}
	if err := transformer.Close(); err != nil {
		t.Error(err)
	}
}
