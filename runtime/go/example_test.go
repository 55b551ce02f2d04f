package skc_test

import (
	"errors"
	"fmt"
	"log"

	skc "skc.dev/runtime"
)

func Example() {
	transformer, err := skc.Load("artifact")
	if err != nil {
		log.Fatal(err)
	}
	defer transformer.Close()
	features, err := transformer.Transform(map[string]any{
		"pickup": "2025-11-03 08:15:00", "driver": "d-17", "distance_km": 3.5, "passengers": 2, "night": false,
	})
	if err != nil {
		log.Fatal(err)
	}
	x, _ := features.Float32("x")
	fmt.Println(x)
}

func ExampleTransformer_Transform_struct() {
	type Ride struct {
		Pickup   string   `skc:"pickup"`
		Driver   string   `skc:"driver"`
		Distance float64  `skc:"distance_km"`
		Fare     *float64 `skc:"fare"` // nil is null
		Night    bool     `skc:"night"`
	}
	transformer, err := skc.Load("artifact")
	if err != nil {
		log.Fatal(err)
	}
	defer transformer.Close()
	features, err := transformer.Transform(Ride{Pickup: "2025-11-03 08:15:00", Driver: "d-17", Distance: 3.5})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(features.Int64("ids"))
}

func ExampleTransformer_TransformColumns() {
	transformer, err := skc.Load("artifact")
	if err != nil {
		log.Fatal(err)
	}
	defer transformer.Close()
	fare := 14.0
	features, err := transformer.TransformColumns(map[string]any{
		"pickup":      []string{"2025-11-03 08:15:00", "2025-11-03 08:20:00"},
		"driver":      []string{"d-17", "d-4"},
		"distance_km": []float64{3.5, 0.8},
		"fare":        []*float64{&fare, nil},
		"night":       []bool{false, false},
	})
	if err != nil {
		log.Fatal(err)
	}
	for row := range features.Rows() {
		x, _ := features.Row(row).Float32("x")
		fmt.Println(x)
	}
}

func ExampleError() {
	answer := func(err error) int {
		var refusal *skc.Error
		if errors.As(err, &refusal) && refusal.Kind == skc.KindRecord {
			return 400 // the caller sent what the pipeline does not take
		}
		return 500
	}
	err := fmt.Errorf("ride 7: %w", &skc.Error{Code: skc.CodeNull, Kind: skc.KindRecord, Message: "the input is null", Row: -1})
	fmt.Println(answer(err), err)
	// Output: 400 ride 7: error[null]: the input is null
}
