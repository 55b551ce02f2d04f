package skc

import (
	"slices"
	"sync"
	"testing"
)

func TestAChunkTakesAsManyRowsAsItsLongestTextAllows(t *testing.T) {
	fits := func(lengths []int) bool {
		return len(lengths) <= chunkRows && len(lengths)*slices.Max(lengths) <= chunkText
	}
	repeated := func(times int, lengths ...int) []int { return slices.Repeat(lengths, times) }
	for _, lengths := range [][]int{
		{0}, {chunkText}, {chunkText + 1}, {chunkText + 1, chunkText + 1}, {1, chunkText, 1, 1},
		repeated(chunkRows, 64), repeated(chunkRows, 65), repeated(chunkRows+1, 64), repeated(chunkRows+1, 0),
		repeated(300, 0, 1, 63, 64, 65, 1000), append(repeated(1000, 3), chunkText/2, 1, 1, 1),
	} {
		for start, end := 0, 0; start < len(lengths); start = end {
			end = endOfChunk(start, len(lengths), func(row int) int { return lengths[row] })
			if end <= start || end > len(lengths) {
				t.Fatalf("a chunk from %d to %d of %d", start, end, len(lengths))
			}
			if !fits(lengths[start:end]) && end-start > 1 {
				t.Errorf("the chunk %d to %d of %d does not fit", start, end, len(lengths))
			}
			if end < len(lengths) && fits(lengths[start:end+1]) {
				t.Errorf("the chunk %d to %d of %d could be longer", start, end, len(lengths))
			}
		}
	}
}

func TestEveryChunkIsDoneOnceAndTheLowestFailureIsReturned(t *testing.T) {
	for _, chunks := range []int{0, 1, 2, 100} {
		var mutex sync.Mutex
		var done []int
		err := forEachChunk(chunks, func() func(int) *Error {
			return func(chunk int) *Error {
				mutex.Lock()
				defer mutex.Unlock()
				done = append(done, chunk)
				return nil
			}
		})
		slices.Sort(done)
		if err != nil || len(done) != chunks || (chunks > 0 && (done[0] != 0 || done[chunks-1] != chunks-1)) {
			t.Errorf("%d chunks: %v, %v", chunks, done, err)
		}
	}
	for range 200 {
		err := forEachChunk(50, func() func(int) *Error {
			return func(chunk int) *Error {
				if chunk == 7 || chunk >= 8 {
					return newError(CodeNull, "", "").inRow(chunk)
				}
				return nil
			}
		})
		if err == nil || err.Row != 7 {
			t.Fatalf("got %v, want the failure of chunk 7", err)
		}
	}
}

func TestAPanicOfAWorkerIsRaisedInTheCaller(t *testing.T) {
	defer func() {
		if panicked := recover(); panicked != "of a worker" {
			t.Errorf("got %v", panicked)
		}
	}()
	forEachChunk(20, func() func(int) *Error {
		return func(chunk int) *Error {
			if chunk == 5 {
				panic("of a worker")
			}
			return nil
		}
	})
	t.Error("it went on")
}
