// Serve predictions: one JSON record per line on stdin, one prediction per line on stdout.
//
//	go run . [FOLDER of artifact and model.json]
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"log"
	"math"
	"os"
	"path/filepath"

	skc "skc.dev/runtime"
)

type model struct {
	Intercept float64     `json:"intercept"`
	X         []float64   `json:"x"`
	IDs       [][]float64 `json:"ids"`
}

func main() {
	folder := ".."
	if len(os.Args) > 1 {
		folder = os.Args[1]
	}
	if err := serve(folder); err != nil {
		log.Fatal(err)
	}
}

func serve(folder string) error {
	var weights model
	data, err := os.ReadFile(filepath.Join(folder, "model.json"))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &weights); err != nil {
		return err
	}
	transformer, err := skc.Load(filepath.Join(folder, "artifact"))
	if err != nil {
		return err
	}
	defer transformer.Close()
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	lines := json.NewDecoder(bufio.NewReader(os.Stdin))
	lines.UseNumber() // an int64 past 2^53 stays what it is
	for lines.More() {
		var record map[string]any
		if err := lines.Decode(&record); err != nil {
			return err
		}
		if err := out.Encode(answer(transformer, weights, record)); err != nil {
			return err
		}
	}
	return nil
}

func answer(transformer *skc.Transformer, weights model, record map[string]any) map[string]any {
	features, err := transformer.Transform(record)
	var refused *skc.Error
	if errors.As(err, &refused) {
		return map[string]any{"error": refused.Code, "message": refused.Error()}
	}
	return map[string]any{"tipped": predict(weights, features)}
}

// predict gives the probability of a tip. An id that training never saw has weight 0.
func predict(weights model, features skc.Features) float64 {
	score := weights.Intercept
	x, _ := features.Float32("x")
	for k, value := range x {
		score += weights.X[k] * float64(value)
	}
	ids, _ := features.Int64("ids")
	for k, id := range ids {
		if id < int64(len(weights.IDs[k])) {
			score += weights.IDs[k][id]
		}
	}
	return math.Round(1e6/(1+math.Exp(-score))) / 1e6
}
