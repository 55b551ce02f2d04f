package skc

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// A large batch runs in chunks, on all cores. A chunk has at most chunkRows rows, and rows times the bytes of its longest
// text at most chunkText, unless it is one row; the same in every language. A row has the same bits in any chunk.
//
// Why: a chunk stays in a processor's cache, from the values of the request to the features, and its tensors are used
// again for the next one. A step that splits texts makes tensors of rows times the longest text, so that a long text
// allows fewer rows.
const (
	chunkRows = 4096
	chunkText = 1 << 18
)

// endOfChunk is the end of the chunk that begins at row start; longestIn is the length of the longest text of a row.
func endOfChunk(start, rows int, longestIn func(row int) int) int {
	longest, end := longestIn(start), start+1
	for ; end < rows && end-start < chunkRows; end++ {
		longest = max(longest, longestIn(end))
		if (end+1-start)*longest > chunkText {
			break
		}
	}
	return end
}

// chunkFailure is what the lowest chunk failed with: an error, or a panic of the caller's own types.
type chunkFailure struct {
	chunk    int
	err      *Error
	panicked any
}

// forEachChunk calls a worker for every chunk from 0 on, in this order, each chunk once; newWorker returns one for each
// goroutine. After a worker fails no further chunk begins. It returns when no worker runs any more; if some failed,
// with the error of the lowest chunk: all chunks below it have been done. A panic is raised here, as if there were
// no other goroutine.
func forEachChunk(chunks int, newWorker func() func(chunk int) *Error) *Error {
	var next atomic.Int64
	var mutex sync.Mutex // of the failure
	failure := chunkFailure{chunk: chunks}
	work := func() {
		at := chunks
		fail := func(err *Error, panicked any) {
			next.Store(int64(chunks))
			mutex.Lock()
			defer mutex.Unlock()
			if at < failure.chunk {
				failure = chunkFailure{at, err, panicked}
			}
		}
		defer func() {
			if panicked := recover(); panicked != nil {
				fail(nil, panicked)
			}
		}()
		var worker func(int) *Error
		for at = int(next.Add(1)) - 1; at < chunks; at = int(next.Add(1)) - 1 {
			if worker == nil {
				worker = newWorker()
			}
			if err := worker(at); err != nil {
				fail(err, nil)
				return
			}
		}
	}
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), chunks) - 1 {
		group.Add(1)
		go func() {
			defer group.Done()
			work()
		}()
	}
	work()
	group.Wait()
	if failure.panicked != nil {
		panic(failure.panicked)
	}
	return failure.err
}
