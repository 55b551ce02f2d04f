package skc

// batchFill writes the values of a batch.
type batchFill struct {
	put       func(b *block, start int) *Error // the rows from one on, as many as the block has
	check     func(b *block) *Error            // what is refused first of all rows, nil if nothing is
	checkRows int                              // of the block for check
}

// batch runs a batch in chunks. Without rows nothing is run, so that no operator has to handle an empty tensor.
func (t *Transformer) batch(rows int, fill batchFill) (Features, *Error) {
	t.mutex.RLock()
	defer t.mutex.RUnlock()
	if t.session == nil {
		return Features{}, closed()
	}
	outputs := t.newOutputs(rows)
	workers := make(chan *chunkWorker, (rows+chunkRows-1)/chunkRows)
	signals := t.newCounts()
	err := forEachChunk(cap(workers), func() func(int) *Error {
		worker := &chunkWorker{t: t, fill: fill, rows: rows, outputs: outputs, signals: t.newCounts()}
		workers <- worker
		return worker.run
	})
	for range len(workers) {
		worker := <-workers
		for i, count := range worker.signals {
			signals[i] += count
		}
		worker.destroy()
	}
	if err != nil && err.Kind == KindRecord && rows > chunkRows {
		// a later chunk may have values that are refused before a graph refuses any
		if first := t.checked(fill); first != nil {
			err = first
		}
	}
	if err != nil {
		return Features{}, err
	}
	if signals != nil {
		t.watch.batch(rows, signals)
	}
	return Features{rows, false, outputs}, nil
}

func (t *Transformer) checked(fill batchFill) *Error {
	b, err := newBlock(t.manifest, fill.checkRows)
	if err != nil {
		return err
	}
	defer b.destroy()
	return fill.check(b)
}

// chunkWorker runs chunks of a batch, one after the other.
type chunkWorker struct {
	t       *Transformer
	fill    batchFill
	rows    int
	outputs []Output
	whole   *block // for chunks of all their rows
	part    *block // for those that a long text makes shorter
	signals []int64
}

func (w *chunkWorker) run(chunk int) *Error {
	first := chunk * chunkRows
	count := min(chunkRows, w.rows-first)
	if err := w.resize(&w.whole, count); err != nil {
		return err
	}
	if err := w.fill.put(w.whole, first); err != nil {
		return err
	}
	if end := endOfChunk(0, count, w.whole.longestIn); end == count {
		return w.serve(w.whole, first)
	}
	for start, end := 0, 0; start < count; start = end {
		end = endOfChunk(start, count, w.whole.longestIn)
		if err := w.resize(&w.part, end-start); err != nil {
			return err
		}
		if err := w.fill.put(w.part, first+start); err != nil {
			return err
		}
		if err := w.serve(w.part, first+start); err != nil {
			return err
		}
	}
	return nil
}

func (w *chunkWorker) resize(b **block, rows int) *Error {
	if *b != nil && (*b).rows == rows {
		return nil
	}
	made, err := newBlock(w.t.manifest, rows)
	if err != nil {
		return err
	}
	if *b != nil {
		(*b).destroy()
	}
	*b = made
	return nil
}

// serve runs a block, whose first row is that row of the batch.
func (w *chunkWorker) serve(b *block, start int) *Error {
	if err := w.t.run(b, start); err != nil {
		return err
	}
	b.copyTo(w.outputs, start)
	if w.signals != nil {
		addSignals(w.signals, w.t.signalsIn(b))
	}
	return nil
}

func (w *chunkWorker) destroy() {
	for _, b := range []*block{w.whole, w.part} {
		if b != nil {
			b.destroy()
		}
	}
}

// newCounts are those of a batch by signal, nil if nothing is counted.
func (t *Transformer) newCounts() []int64 {
	if t.watch == nil || t.manifest.signals == nil {
		return nil
	}
	return make([]int64, len(t.manifest.signals.columns))
}

// newOutputs are outputs whose values are still to be written.
func (t *Transformer) newOutputs(rows int) []Output {
	outputs := make([]Output, len(t.names))
	for i, name := range t.names {
		outputs[i] = Output{Name: name, DType: t.dtypes[i], Columns: t.columns[i], Rows: rows}
		outputs[i].allocate(rows * len(t.columns[i]))
	}
	return outputs
}

func (o *Output) allocate(size int) {
	switch o.DType {
	case Float32:
		o.Float32 = make([]float32, size)
	case Float64:
		o.Float64 = make([]float64, size)
	case Int64:
		o.Int64 = make([]int64, size)
	case Bool:
		o.Bool = make([]bool, size)
	case String:
		o.String = make([]string, size)
	}
}

// copyTo copies the outputs of a block into those of a batch, from a row on.
func (b *block) copyTo(outputs []Output, start int) {
	for i := range outputs {
		to, from := &outputs[i], &b.outputs[i]
		place := start * len(to.Columns)
		switch to.DType {
		case Float32:
			copy(to.Float32[place:], from.f32)
		case Float64:
			copy(to.Float64[place:], from.f64)
		case Int64:
			copy(to.Int64[place:], from.i64)
		case Bool:
			copy(to.Bool[place:], from.flags)
		case String:
			copy(to.String[place:], from.texts)
		}
	}
}
