PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
JOBS ?= 2

.PHONY: setup demo check test test-all bench bench-all clean

setup: $(VENV)/.installed  ## a virtual environment with everything

$(VENV)/.installed: pyproject.toml constraints/cpu.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints/cpu.txt -e ".[features,train,review,dev]"
	touch $@

demo: setup  ## draw five small repositories, run the whole job on them, tell what was found
	$(BIN)/curate demo --out build/demo

check: setup  ## style, types, walls between packages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: setup  ## what every change has to pass
	$(BIN)/pytest -n $(JOBS) --dist loadfile -m "not slow"

test-all: setup  ## also what takes minutes: a wheel in a new environment, kills at every stage, all real pictures
	$(BIN)/pytest -n $(JOBS) --dist loadfile

bench: setup  ## time, memory, recall and precision on the real pictures beside the checkout, other tools beside ours
	$(BIN)/python tests/benchmarks/five_folders.py
	$(BIN)/python tests/benchmarks/held_out.py
	$(BIN)/python tests/benchmarks/other_tools.py --ours strict=build/bench/edges_without_ids.csv

bench-all: bench  ## also recall by transform on drawn lesions, and growth with the number of images
	$(BIN)/python tests/benchmarks/transforms.py
	$(BIN)/python tests/benchmarks/scale.py
	$(BIN)/python tests/benchmarks/points_scale.py

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
