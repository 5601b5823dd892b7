# Everything sets itself up: `make sweep` and `make test` work in a fresh clone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: sweep test fault bench lint format clean

sweep: $(VENV)/ready
	$(BIN)/python -m tune.run edc

test: $(VENV)/ready-dev
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile -m "not (fault and slow)"

fault: $(VENV)/ready-dev
	FUZZ_EXAMPLES=10000 $(BIN)/python -m pytest -m fault --timeout 1800

bench: $(VENV)/ready-bench
	$(BIN)/python -m benchmarks

lint: $(VENV)/ready-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pydoclint tune models datasets search_spaces benchmarks

format: $(VENV)/ready-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(VENV)/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/ready-dev: $(VENV)/ready
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@

$(VENV)/ready-bench: $(VENV)/ready-dev
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[bench]"
	touch $@

clean:
	rm -rf $(VENV)
