package skc_test

import (
	"os"
	"path/filepath"
	"testing"

	ort "github.com/yalue/onnxruntime_go"
)

type rideRecord struct {
	Pickup     string   `skc:"pickup"`
	Zone       *string  `skc:"zone"`
	Driver     string   `skc:"driver"`
	Passengers *int     `skc:"passengers"`
	Distance   float64  `skc:"distance_km"`
	Fare       *float64 `skc:"fare"`
	Payment    *string  `skc:"payment"`
	Night      bool     `skc:"night"`
}

func rideStruct() *rideRecord {
	zone, passengers, fare, payment := "MIDTOWN", 2, 14.0, "card"
	return &rideRecord{"2025-11-03 08:15:00", &zone, "d-17", &passengers, 3.5, &fare, &payment, false}
}

func BenchmarkRecord(b *testing.B) {
	for _, signature := range []string{"packed", "columns"} {
		transformer := rides(b, signature)
		for name, record := range map[string]any{"map": ride(), "struct": rideStruct()} {
			b.Run(signature+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := transformer.Transform(record); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkRecordParallel(b *testing.B) {
	transformer, record := rides(b, "packed"), ride()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := transformer.Transform(record); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkColumns(b *testing.B) {
	const rows = 100_000
	transformer := rides(b, "packed")
	columns := map[string]any{
		"pickup": repeated("2025-11-03 08:15:00", rows), "zone": repeated("MIDTOWN", rows),
		"driver": repeated("d-17", rows), "passengers": repeated(int64(2), rows),
		"distance_km": repeated(3.5, rows), "fare": repeated(14.0, rows),
		"payment": repeated("card", rows), "night": repeated(false, rows),
	}
	for b.Loop() {
		if _, err := transformer.TransformColumns(columns); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
}

func repeated[T any](value T, times int) []T {
	values := make([]T, times)
	for i := range values {
		values[i] = value
	}
	return values
}

// BenchmarkBinding is what a record would cost through the binding alone, with tensors made and destroyed each time,
// or made once; and the strings of a batch.
func BenchmarkBinding(b *testing.B) {
	folder := artifact(b, "examples/rides/packed")
	model, err := os.ReadFile(filepath.Join(folder, "model.onnx"))
	if err != nil {
		b.Fatal(err)
	}
	session, err := ort.NewDynamicAdvancedSessionWithONNXData(
		model, []string{"str", "f64", "i64", "bool"}, []string{"x", "ids", "skc.guards"}, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer session.Destroy()
	texts := []string{"MIDTOWN", "card", "2025-11-03 08:15:00", "d-17"}
	b.Run("fresh", func(b *testing.B) {
		for b.Loop() {
			inputs := bindingInputs(b, texts)
			outputs := make([]ort.Value, 3)
			if err := session.Run(inputs, outputs); err != nil {
				b.Fatal(err)
			}
			destroyValues(inputs)
			destroyValues(outputs)
		}
	})
	b.Run("kept", func(b *testing.B) {
		inputs := bindingInputs(b, texts)
		outputs := make([]ort.Value, 3)
		if err := session.Run(inputs, outputs); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if err := session.Run(inputs, outputs); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("strings", func(b *testing.B) {
		const rows = 100_000
		tensor, err := ort.NewStringTensor(ort.NewShape(rows, 1))
		if err != nil {
			b.Fatal(err)
		}
		defer tensor.Destroy()
		values := repeated("2025-11-03 08:15:00", rows)
		for b.Loop() {
			if err := tensor.SetContents(values); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/string")
	})
}

func bindingInputs(b *testing.B, texts []string) []ort.Value {
	str, err := ort.NewStringTensor(ort.NewShape(1, 4))
	if err != nil {
		b.Fatal(err)
	}
	if err := str.SetContents(texts); err != nil {
		b.Fatal(err)
	}
	f64, err := ort.NewTensor(ort.NewShape(1, 2), []float64{14, 3.5})
	if err != nil {
		b.Fatal(err)
	}
	i64, err := ort.NewTensor(ort.NewShape(1, 1), []int64{2})
	if err != nil {
		b.Fatal(err)
	}
	flags, err := ort.NewTensor(ort.NewShape(1, 4), []bool{false, true, true, true})
	if err != nil {
		b.Fatal(err)
	}
	return []ort.Value{str, f64, i64, flags}
}

func destroyValues(values []ort.Value) {
	for _, value := range values {
		value.Destroy()
	}
}
