// Serve predictions: one request body per line on stdin, one answer per line on stdout. An answer has the status it
// would have over HTTP. What the runtime refuses gets status 400 with its code: the runtime is the only parser.
//
//	go run . [FOLDER of artifact and model.json]
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
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
	lines := bufio.NewReader(os.Stdin)
	for {
		body, end := lines.ReadBytes('\n')
		if end != nil && (end != io.EOF || len(body) == 0) {
			return ended(end)
		}
		if err := out.Encode(answer(transformer, weights, body)); err != nil {
			return err
		}
	}
}

func ended(end error) error {
	if end == io.EOF {
		return nil
	}
	return end
}

func answer(transformer *skc.Transformer, weights model, body []byte) map[string]any {
	features, err := transformer.TransformJSON(body)
	var refused *skc.Error
	if errors.As(err, &refused) {
		return map[string]any{"status": 400, "error": refused.Code, "message": refused.Error()}
	}
	if features.IsSingle() {
		return map[string]any{"status": 200, "tipped": predict(weights, features)}
	}
	tipped := make([]float64, features.Rows())
	for i := range tipped {
		tipped[i] = predict(weights, features.Row(i))
	}
	return map[string]any{"status": 200, "tipped": tipped}
}

// predict returns the probability of a tip. An id not seen in training has weight 0.
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
