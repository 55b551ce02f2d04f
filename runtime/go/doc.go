// Package skc serves feature pipelines compiled by `skc compile`: it loads an artifact, and turns records into
// features, with the same bits as in training and in every other language.
//
//	transformer, err := skc.Load("artifact")
//	if err != nil {
//		return err
//	}
//	defer transformer.Close()
//	features, err := transformer.Transform(map[string]any{"age": 41.0, "city": "Oslo"})
//	if err != nil {
//		return err
//	}
//	x, _ := features.Float32("x")
//
// # Values
//
// Each Go value becomes the value of its input exactly, or is refused with a code. A pointer is the value it points
// to, and a nil pointer is null, as nil is; a named type is its underlying type.
//
//	float64     float32, float64; an integer that is exact as a float64; a NaN is null
//	float32     what float64 takes, rounded to the nearest, ties to even
//	int64       any int, uint or *big.Int inside int64; a float that is integral and at most 2^53
//	bool        bool
//	string      string, valid UTF-8 without NUL; []byte is refused
//	timestamp   time.Time of whole microseconds; an integer of microseconds since 1970 UTC; ISO 8601 text with an offset
//	            of an input with a time zone: ISO 8601 text without an offset; an integer of microseconds of the local time
//	date        Date; an integer of days since 1970; ISO 8601 text
//	time        an integer of microseconds since midnight; ISO 8601 text
//
// A json.Number is an integer if its text has neither fraction nor exponent, otherwise the nearest float64. A
// time.Duration is not a number. The zero time.Time is an instant too, in the year 1: use a pointer if a value may be
// absent.
//
// # Signals
//
// Of an artifact that was compiled with --signals, [Transformer.Signals] returns what was counted, and
// [Transformer.SignalsText] the text for Prometheus. [WithObserver] sets a function that is called after each call, with
// or without signals.
//
// # ONNX Runtime
//
// The shared library of ONNX Runtime, 1.22 or newer, is loaded once per process, at the first Load: from the path of
// [WithLibrary], else from the environment variable SKC_ONNXRUNTIME_LIBRARY, else by its usual name from where the
// system looks for libraries.
package skc
