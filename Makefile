LANGS = python,java,go,cpp
.PHONY: example test conformance lowest check release bench generated
example test lowest check release:
	python3 dev.py $@
conformance:
	python3 dev.py conformance --langs $(LANGS)
bench:
	.venv/bin/python benchmarks/everything.py
generated:
	.venv/bin/python tests/generated.py
