# Needs Python 3.11 or later, git and make; everything else comes from the locks into .venv.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
PEERS := .venv/peers/.installed
# Every line and branch of these rooms is run by their own tests.
PURE := tests/core tests/specs
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
OURS := pyproject.toml --extra docker --extra forges --extra kubernetes --extra notify --extra serve --extra ssh

.PHONY: install demo demo-down test check golden lock docs bench
.DELETE_ON_ERROR:

install: $(STAMP)

$(STAMP): pyproject.toml locks/dev.txt
	$(PYTHON) -m venv .venv && $(BIN)/pip install --quiet --require-hashes -r locks/dev.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation -e . && touch $@

demo: install
	@specs/demo.sh

demo-down: install
	@$(BIN)/eeveon destroy --yes -e demo

test: install check
	$(BIN)/coverage erase && $(BIN)/coverage run -m pytest -n 2 $(PURE)
	$(BIN)/coverage combine --quiet && $(BIN)/coverage report --skip-covered
	$(BIN)/pytest -n 2 --dist loadgroup $(PURE:%=--ignore=%)

check: install
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports

golden: install
	EEVEON_GOLDEN=rewrite $(BIN)/pytest -q -m golden

lock: install
	$(LOCK) $(OURS) --output-file locks/run.txt && $(LOCK) $(OURS) --group dev --output-file locks/dev.txt
	$(LOCK) --group peers --output-file locks/peers.txt

docs: install
	$(BIN)/python -m docs.generate

bench: install $(PEERS)
	$(BIN)/python -m benchmarks

$(PEERS): locks/peers.txt | install
	$(PYTHON) -m venv .venv/peers && .venv/peers/bin/pip install --quiet --require-hashes -r locks/peers.txt && touch $@
