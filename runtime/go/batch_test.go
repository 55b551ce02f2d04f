package skc_test

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	skc "skc.dev/runtime"
)

const chunkRows = 4096

// rideRows are rows that differ, as records and as columns.
func rideRows(rows int) ([]map[string]any, map[string]any) {
	records, columns := make([]map[string]any, rows), map[string]any{}
	for name := range ride() {
		columns[name] = make([]any, rows)
	}
	for row := range rows {
		record := ride()
		record["distance_km"] = float64(row) / 8
		record["driver"] = fmt.Sprintf("d-%d", row%97)
		if row%3 == 0 {
			record["zone"], record["fare"] = nil, nil
		}
		for name, value := range record {
			columns[name].([]any)[row] = value
		}
		records[row] = record
	}
	return records, columns
}

func TestABatchOfChunksIsItsRows(t *testing.T) {
	transformer := rides(t, "packed")
	for _, rows := range []int{0, 1, chunkRows - 1, chunkRows, chunkRows + 1, 10_000} {
		records, columns := rideRows(rows)
		byRecord, err := transformer.TransformRecords(records)
		if err != nil {
			t.Fatal(err)
		}
		byColumn, err := transformer.TransformColumns(columns)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(byRecord, byColumn) || byRecord.Rows() != rows || byRecord.IsSingle() {
			t.Errorf("%d rows: records and columns differ", rows)
		}
		for _, row := range []int{0, 1, chunkRows - 2, chunkRows - 1, chunkRows, 2 * chunkRows, rows - 1} {
			if row < 0 || row >= rows {
				continue
			}
			alone, err := transformer.Transform(records[row])
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(alone, byRecord.Row(row)) {
				t.Errorf("row %d of %d differs from the same record alone", row, rows)
			}
		}
	}
}

func TestColumnsOfPointersAndArrays(t *testing.T) {
	transformer := rides(t, "packed")
	records, _ := rideRows(chunkRows + 2)
	typed := map[string]any{}
	var drivers [chunkRows + 2]string
	pickups, zones, fares := []string{}, []*string{}, []*float64{}
	passengers, distances, nights := []*int64{}, []float64{}, []bool{}
	for row, record := range records {
		drivers[row] = record["driver"].(string)
		pickups, distances = append(pickups, record["pickup"].(string)), append(distances, record["distance_km"].(float64))
		nights = append(nights, record["night"].(bool))
		two := int64(2)
		zone, hasZone := record["zone"].(string)
		fare, hasFare := record["fare"].(float64)
		zones, fares, passengers = append(zones, &zone), append(fares, &fare), append(passengers, &two)
		if !hasZone {
			zones[row] = nil
		}
		if !hasFare {
			fares[row] = nil
		}
	}
	typed["driver"], typed["pickup"], typed["zone"], typed["fare"] = drivers, pickups, zones, fares
	typed["passengers"], typed["distance_km"], typed["night"] = passengers, distances, nights
	typed["payment"] = repeated("card", len(records))
	byColumn, err := transformer.TransformColumns(typed)
	if err != nil {
		t.Fatal(err)
	}
	byRecord, err := transformer.TransformRecords(records)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(byColumn, byRecord) {
		t.Error("typed columns and records differ")
	}
	nul := "a\x00b"
	zones[chunkRows+1] = &nul
	_, err = transformer.TransformColumns(typed)
	checkRefusal(t, err, skc.CodeNULInString, "zone", chunkRows+1)
	typed["zone"] = make([]*float64, len(records))
	typed["zone"].([]*float64)[chunkRows] = new(float64)
	_, err = transformer.TransformColumns(typed)
	checkRefusal(t, err, skc.CodeWrongType, "zone", -1)
}

func checkRefusal(t *testing.T, err error, code skc.Code, input string, row int) {
	t.Helper()
	var found *skc.Error
	if !errors.As(err, &found) || found.Code != code || found.Input != input || found.Row != row {
		t.Errorf("got %v, want %s of %s in row %d", err, code, input, row)
	}
}

// A graph refuses a distance below -1, the marshalling a zone that is a number.
func TestTheFirstRefusalOfAllChunksIsReported(t *testing.T) {
	transformer := rides(t, "packed")
	tests := map[string]struct {
		distances, zones, payments []int // rows that are refused
		byRecord, byColumn         int
		input                      string
	}{
		"a later chunk":                       {[]int{9000}, nil, nil, 9000, 9000, "distance_km"},
		"two chunks":                          {[]int{9000, 5000, 8191}, nil, nil, 5000, 5000, "distance_km"},
		"the first row of each":               {[]int{0, 4096, 8192}, nil, nil, 0, 0, "distance_km"},
		"a value before the graph":            {[]int{3, 4096}, []int{9000}, nil, 9000, 9000, "zone"},
		"two values":                          {nil, []int{9000, 4100}, nil, 4100, 4100, "zone"},
		"columns in order of the manifest":    {[]int{3}, []int{9000}, []int{9000}, 9000, 9000, "zone"},
		"a whole column before a later input": {nil, []int{9001}, []int{9001, 9500}, 9001, 9001, "zone"},
	}
	for name, test := range tests {
		for range 5 {
			records, columns := rideRows(10_000)
			for input, rows := range map[string][]int{"distance_km": test.distances, "zone": test.zones, "payment": test.payments} {
				for _, row := range rows {
					var value any = 7
					if input == "distance_km" {
						value = -5.0
					}
					records[row][input], columns[input].([]any)[row] = value, value
				}
			}
			code := skc.CodeInvalidValue
			if test.input != "distance_km" {
				code = skc.CodeWrongType
			}
			before := runtime.NumGoroutine()
			_, err := transformer.TransformRecords(records)
			checkRefusal(t, err, code, test.input, test.byRecord)
			_, err = transformer.TransformColumns(columns)
			checkRefusal(t, err, code, test.input, test.byColumn)
			for wait := 0; runtime.NumGoroutine() > before && wait < 1000; wait++ { // the last steps of one that has ended
				time.Sleep(time.Millisecond)
			}
			if after := runtime.NumGoroutine(); after > before {
				t.Errorf("%s: %d goroutines go on", name, after-before)
			}
		}
	}
	// by column, the first input of the manifest comes first, in whatever row
	_, columns := rideRows(10_000)
	columns["zone"].([]any)[9000], columns["payment"].([]any)[3] = 7, 7
	_, err := transformer.TransformColumns(columns)
	checkRefusal(t, err, skc.CodeWrongType, "zone", 9000)
	if err == nil || !strings.Contains(err.Error(), "7") {
		t.Errorf("%v does not show the value", err)
	}
}

func TestBatchesOfManyGoroutinesAndClose(t *testing.T) {
	transformer, err := skc.Load(artifact(t, "examples/rides/packed"))
	if err != nil {
		t.Fatal(err)
	}
	records, columns := rideRows(2*chunkRows + 5)
	want, err := transformer.TransformRecords(records)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	var served sync.WaitGroup
	served.Add(8)
	for worker := range 8 {
		group.Add(1)
		go func() {
			defer group.Done()
			for call := 0; ; call++ {
				var got skc.Features
				var err error
				if worker%2 == 0 {
					got, err = transformer.TransformColumns(columns)
				} else {
					got, err = transformer.TransformRecords(records)
				}
				if call == 0 {
					served.Done()
				}
				if err != nil {
					var found *skc.Error
					if !errors.As(err, &found) || found.Code != skc.CodeClosed {
						t.Errorf("%v", err)
					}
					return
				}
				if !reflect.DeepEqual(got, want) {
					t.Error("a batch differs under load")
				}
			}
		}()
	}
	served.Wait()
	time.Sleep(5 * time.Millisecond)
	if err := transformer.Close(); err != nil {
		t.Error(err)
	}
	group.Wait()
}

func TestOneLongTextInABatch(t *testing.T) {
	transformer := rides(t, "packed")
	records, columns := rideRows(chunkRows + 7)
	long := strings.Repeat("é long ", 60_000)
	for _, row := range []int{0, 1000, chunkRows, chunkRows + 6} {
		records[row] = maps.Clone(records[row])
		records[row]["driver"] = long
		columns["driver"].([]any)[row] = long
	}
	byRecord, err := transformer.TransformRecords(records)
	if err != nil {
		t.Fatal(err)
	}
	byColumn, err := transformer.TransformColumns(columns)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(byRecord, byColumn) {
		t.Error("records and columns differ")
	}
	for _, row := range []int{0, 1, 999, 1000, 1001, chunkRows - 1, chunkRows, chunkRows + 6} {
		alone, err := transformer.Transform(records[row])
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(alone, byRecord.Row(row)) {
			t.Errorf("row %d differs from the same record alone", row)
		}
	}
}

// Exact counts, which hold on every machine: what a record may allocate.
func TestAllocationsOfARecord(t *testing.T) {
	for signature, most := range map[string]float64{"packed": 12, "columns": 19} {
		transformer, record := rides(t, signature), ride()
		found := testing.AllocsPerRun(200, func() {
			if _, err := transformer.Transform(record); err != nil {
				t.Fatal(err)
			}
		})
		if found > most {
			t.Errorf("%s: %v allocations, at most %v", signature, found, most)
		}
	}
}
