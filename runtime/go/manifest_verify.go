package skc

import (
	"fmt"
	"slices"
)

// verify refuses a manifest whose parts are inconsistent.
func (m *manifest) verify() *Error {
	for _, check := range []func() *Error{m.verifyInputs, m.verifySlots, m.verifyOutputs, m.verifyLog, m.verifyNames, m.verifyFiles} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func unique(what string, names []string) *Error {
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		if seen[name] {
			return malformed(manifestName+"."+what, "duplicate name "+shown(name))
		}
		seen[name] = true
	}
	return nil
}

func (m *manifest) verifyInputs() *Error {
	names := make([]string, len(m.inputs))
	for i := range m.inputs {
		input := &m.inputs[i]
		names[i] = input.name
		if (input.valid != nil) != (input.nullable && !input.isFloat()) {
			return malformed(placeOf("inputs", input.name), "`valid` is only for nullable inputs that are not float64")
		}
	}
	return unique("inputs", names)
}

func placeOf(what, name string) string { return fmt.Sprintf("%s.%s `%s`", manifestName, what, name) }

// verifySlots checks that every column of every tensor is fed by exactly one slot of its element type.
func (m *manifest) verifySlots() *Error {
	names := make([]string, len(m.tensors))
	tensors := make(map[string]tensorSpec, len(m.tensors))
	missing := 0
	for i, tensor := range m.tensors {
		names[i] = tensor.name
		tensors[tensor.name] = tensor
		missing += tensor.width
		if m.signature == "columns" && tensor.width != 1 {
			return malformed(placeOf("tensors", tensor.name), "with signature `columns` every tensor has one column")
		}
	}
	if err := unique("tensors", names); err != nil {
		return err
	}
	taken := map[slot]bool{}
	for i := range m.inputs {
		if err := m.inputs[i].takeSlots(tensors, taken); err != nil {
			return err
		}
	}
	if len(taken) != missing {
		return malformed(manifestName+".tensors", "some columns are not fed by any input")
	}
	return nil
}

func (i *inputSpec) takeSlots(tensors map[string]tensorSpec, taken map[slot]bool) *Error {
	if err := i.takeSlot(i.slot, i.element(), tensors, taken); err != nil {
		return err
	}
	if i.valid == nil {
		return nil
	}
	return i.takeSlot(*i.valid, Bool, tensors, taken)
}

func (i *inputSpec) takeSlot(s slot, element DType, tensors map[string]tensorSpec, taken map[slot]bool) *Error {
	tensor, isThere := tensors[s.tensor]
	if !isThere || tensor.dtype != element || s.column >= tensor.width || taken[s] {
		message := fmt.Sprintf("no free %s column %d in a tensor %s", element, s.column, shown(s.tensor))
		return malformed(placeOf("inputs", i.name), message)
	}
	taken[s] = true
	return nil
}

func (m *manifest) verifyOutputs() *Error {
	var names []string
	for _, tensor := range m.outputTensors() {
		names = append(names, tensor.name)
	}
	if err := unique("outputs", names); err != nil {
		return err
	}
	for _, output := range m.outputs {
		place := placeOf("outputs", output.name)
		if len(output.columns) != len(output.exact) {
			return malformed(place, "`columns` and `exact` differ in length")
		}
		if output.valid == nil {
			continue
		}
		if output.dtype == Float32 || output.dtype == Float64 {
			return malformed(place, "a float output must not have `valid`: its null is NaN")
		}
		if *output.valid != output.name+".valid" {
			return malformed(place, fmt.Sprintf("`valid` is %s, not the output's name and `.valid`", shown(*output.valid)))
		}
	}
	return nil
}

// outputTensors are the outputs of the graph: first the outputs, then their companions, then the signals, last the guards.
func (m *manifest) outputTensors() []tensorSpec {
	var found []tensorSpec
	for _, output := range m.outputs {
		found = append(found, tensorSpec{output.name, output.dtype, len(output.columns)})
	}
	for _, output := range m.outputs {
		if output.valid != nil {
			found = append(found, tensorSpec{*output.valid, Bool, len(output.columns)})
		}
	}
	if m.signals != nil {
		found = append(found, tensorSpec{m.signals.tensor, Bool, len(m.signals.columns)})
	}
	if m.guards != nil {
		found = append(found, tensorSpec{m.guards.tensor, Bool, len(m.guards.columns)})
	}
	return found
}

// verifyLog checks that each name is an input, and is left out or hashed, not both.
func (m *manifest) verifyLog() *Error {
	listed := append(slices.Clone(m.log.omit), m.log.hash...)
	if err := unique("log", listed); err != nil {
		return err
	}
	for _, name := range listed {
		if !slices.ContainsFunc(m.inputs, func(i inputSpec) bool { return i.name == name }) {
			return malformed(manifestName+".log", shown(name)+" is not an input")
		}
	}
	return nil
}

func (m *manifest) verifyNames() *Error {
	if !sha256Pattern.MatchString(m.plan) {
		return malformed(manifestName+".plan", shown(m.plan)+" is not a SHA-256 in hex")
	}
	if len(m.files) > mostFiles {
		return malformed(manifestName+".files", fmt.Sprintf("%d files exceed the limit of %d", len(m.files), mostFiles))
	}
	for _, name := range sortedKeys(m.files) {
		if !fileNamePattern.MatchString(name) {
			message := fmt.Sprintf("manifest.json lists the file %s, which is not a plain file name", shown(name))
			return newError(CodeArtifactUnsafe, message, "do not serve this artifact")
		}
		if digest := m.files[name]; !sha256Pattern.MatchString(digest) {
			return malformed(placeOf("files", name), shown(digest)+" is not a SHA-256 in hex")
		}
	}
	return nil
}

// verifyFiles checks that `files` names every file that an artifact must have.
func (m *manifest) verifyFiles() *Error {
	for _, name := range []string{modelName, planName, goldenName} {
		if _, isThere := m.files[name]; !isThere {
			return malformed(manifestName+".files", fmt.Sprintf("`%s` is missing", name))
		}
	}
	if m.plan != m.files[planName] {
		return malformed(manifestName+".plan", "not the SHA-256 that `files` gives for plan.json")
	}
	return nil
}
