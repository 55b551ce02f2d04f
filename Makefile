LANGS = python,java,go,cpp
.PHONY: example test conformance lowest check release bench generated
example test lowest check release:
	python3 dev.py $@
conformance:
	python3 dev.py conformance --langs $(LANGS)
bench:
	.venv/bin/python benchmarks/fit.py
	.venv/bin/python benchmarks/columns.py
	.venv/bin/python benchmarks/vocabularies.py
	.venv/bin/python benchmarks/start.py
	.venv/bin/python benchmarks/growth.py
	.venv/bin/python benchmarks/latency.py
	.venv/bin/python benchmarks/batch.py
	.venv/bin/python benchmarks/transform.py
	.venv/bin/python benchmarks/models.py
	.venv/bin/python benchmarks/languages.py
generated:
	.venv/bin/python tests/generated.py
