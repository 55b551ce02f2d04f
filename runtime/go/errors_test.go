package skc

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCodesAreThoseOfTheSchema(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "schemas", "errors.v1.json"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the schemas are not beside the module")
	}
	if err != nil {
		t.Fatal(err)
	}
	var table struct {
		Codes []struct {
			Code Code
			Kind Kind
		}
	}
	if err := json.Unmarshal(data, &table); err != nil {
		t.Fatal(err)
	}
	wanted := map[Code]Kind{}
	for _, entry := range table.Codes {
		wanted[entry.Code] = entry.Kind
	}
	for code, kind := range wanted {
		if kinds[code] != kind {
			t.Errorf("%s has kind %q, the schema says %q", code, kinds[code], kind)
		}
	}
	if len(kinds) != len(wanted) {
		t.Errorf("%d codes, the schema has %d", len(kinds), len(wanted))
	}
}

func TestErrorText(t *testing.T) {
	tests := []struct {
		err  *Error
		want string
	}{
		{newError(CodeClosed, "the transformer is closed", ""), "error[closed]: the transformer is closed"},
		{
			newError(CodeNull, "it is null", "send a value").about("fare"),
			"error[null]: it is null (input `fare`)\n\nhint: send a value",
		},
		{newError(CodeNull, "it is null", "").about("fare").inRow(3), "error[null]: it is null (input `fare`, row 3)"},
		{newError(CodeUnsupportedData, "no record", "").inRow(0), "error[unsupported-data]: no record (row 0)"},
		{newError(CodeUnknownKey, "no input", "").about(""), "error[unknown-key]: no input (input ``)"},
	}
	for _, test := range tests {
		if got := test.err.Error(); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

func TestErrorIsFoundInAChain(t *testing.T) {
	wrapped := fmt.Errorf("serving: %w", newError("a-newer-guard", "no", "").about("x"))
	var found *Error
	if !errors.As(wrapped, &found) {
		t.Fatal("errors.As does not find it")
	}
	if found.Code != "a-newer-guard" || found.Kind != KindRecord || found.Row != -1 || !found.HasInput() {
		t.Errorf("%+v", found)
	}
}

func TestShownIsBounded(t *testing.T) {
	for _, value := range []any{strings.Repeat("é", 1000), make([]int, 1000), strings.Repeat("\x00", 1000)} {
		if text := shown(value); len([]rune(text)) != shownLimit || !strings.HasSuffix(text, "…") {
			t.Errorf("%d runes: %s", len([]rune(text)), text)
		}
	}
}
