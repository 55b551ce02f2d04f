LANGS = python,java,go,cpp
.PHONY: example test conformance check bench schema
example test check:
	python3 dev.py $@
conformance:
	python3 dev.py conformance --langs $(LANGS)
bench:
	.venv/bin/python benchmarks/fit.py
	.venv/bin/python benchmarks/latency.py
	.venv/bin/python benchmarks/embed.py
schema:
	.venv/bin/skc schema > pipeline.schema.tmp
	mv pipeline.schema.tmp schemas/pipeline.v1.schema.json
