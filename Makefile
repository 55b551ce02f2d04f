.PHONY: example test check bench schema
example test check:
	python3 dev.py $@
bench:
	.venv/bin/python benchmarks/fit.py
	.venv/bin/python benchmarks/latency.py
schema:
	.venv/bin/skc schema > pipeline.schema.tmp
	mv pipeline.schema.tmp schemas/pipeline.v1.schema.json
