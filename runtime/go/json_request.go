package skc

import (
	"fmt"
	"unicode/utf8"
)

// Parses the body of a request, JSON bytes. Why our own parser, also used for the artifact's files: encoding/json
// takes the last of two duplicate keys, replaces half of a surrogate pair with U+FFFD, and rounds integers beyond
// 2^53. schemas/requests.v1.json defines the response to each body for every language.

const (
	largestRequest = 1 << 26 // bytes
	deepestRequest = 64
)

type (
	jsonRecords []any
	jsonColumns map[string]any
)

// readRequest returns a map[string]any for a record, jsonRecords or jsonColumns.
func readRequest(body []byte) (any, *Error) {
	if len(body) > largestRequest {
		message := fmt.Sprintf("%d bytes exceed the limit of %d", len(body), largestRequest)
		return nil, newError(CodeRequestTooLarge, message, "send fewer rows at a time")
	}
	if !utf8.Valid(body) {
		return nil, newError(CodeInvalidUTF8, "the body is not UTF-8", "encode the body as UTF-8")
	}
	r := jsonReader{data: body, deepest: deepestRequest, number: numberOf}
	value, err := r.document()
	if err != nil {
		return nil, newError(CodeMalformedJSON, "not valid JSON: "+err.Error(), "send JSON as in RFC 8259, without duplicate keys")
	}
	switch data := value.(type) {
	case []any:
		return jsonRecords(data), nil
	case map[string]any:
		if columns, isObject := data["columns"].(map[string]any); isObject && len(data) == 1 {
			return jsonColumns(columns), nil
		}
		return data, nil
	}
	message := "expected a JSON object or an array of objects, got " + shown(value)
	hint := `{…} for a record, [{…}, …], or {"columns": {…}}`
	return nil, newError(CodeUnsupportedData, message, hint)
}
