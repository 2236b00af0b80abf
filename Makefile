# Everything a developer or newcomer types. `make` alone lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO := demo
# Where `make generator` works; it goes on there.
GENERATOR ?= generator
# Workers that run the tests side by side; each computes with one thread.
WORKERS ?= 2
PYTEST := $(BIN)/python -m pytest
PARALLEL := -n $(WORKERS) --dist worksteal
# What the lanes beside the default one are called; pyproject.toml says what each holds.
QUICK := not process and not long and not slow and not gpu and not soak and not promises

.DEFAULT_GOAL := help
.PHONY: help install demo generator variants quick test slow check lint format bench bench-gpu promises soak test-gpu mutants clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

# OpenCV's usual wheel needs the system's libGL; where that is missing its headless twin serves.
$(STAMP): setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	@$(BIN)/python -c 'import cv2' 2>/dev/null || { \
	  echo 'libGL.so.1 is missing: taking opencv-python-headless instead of opencv-python'; \
	  $(BIN)/python -m pip uninstall --quiet --yes opencv-python; \
	  $(BIN)/python -m pip install --quiet --force-reinstall --no-deps opencv-python-headless; }
	@touch $(STAMP)

install: $(STAMP) ## make .venv and install everything

demo: $(STAMP) ## draw a small Market, prepare it, train on it and show the results
	$(BIN)/draw-market --out $(DEMO)/market
	$(BIN)/prep-market --src $(DEMO)/market --out $(DEMO)/shards --pose-model demo --num-test-pairs 2000
	$(BIN)/inspect-shards $(DEMO)/shards --sheet $(DEMO)/pairs.png
	$(BIN)/train-gan --shards $(DEMO)/shards --preset demo --out $(DEMO)/run
	$(BIN)/eval-gan --run $(DEMO)/run --shards $(DEMO)/shards --out $(DEMO)/scores
	$(BIN)/inspect-shards $(DEMO)/shards --html $(DEMO)/shards.html
	$(BIN)/report-run $(DEMO)/run --html $(DEMO)/run.html
	$(BIN)/repose --model $(DEMO)/run --out $(DEMO)/walk --gif \
	  $$(ls $(DEMO)/market/query/*.jpg | sed -n '1p;40p;80p' | sed 's/^/--source /') \
	  --source-poses $(DEMO)/market/keypoints-test.csv --target stance:walk-right
	@echo 'Look at:'; ls $(DEMO)/walk/*.webp $(DEMO)/market/contact-sheet.jpg $(DEMO)/pairs.png $(DEMO)/run/curves.png \
	  $(DEMO)/run/sheets/*.png $(DEMO)/scores/table.md $(DEMO)/shards.html $(DEMO)/run.html

# Rows that have their JSON under tests/bench/results/variants are not computed again.
variants: $(STAMP) ## the ablation, row by row, and its table in the README (three quarters of an hour)
	$(BIN)/draw-market --out $(DEMO)/market
	$(BIN)/prep-market --src $(DEMO)/market --out $(DEMO)/shards --pose-model demo --num-test-pairs 2000
	$(BIN)/train-reid --src $(DEMO)/market --out $(DEMO)/reid
	$(BIN)/python tests/bench/study.py variants --shards $(DEMO)/shards --runs $(DEMO)/study \
	  --reid $(DEMO)/reid/reid.pt
	$(BIN)/python tests/bench/study.py variants --readme

# What ships in train/weights; whoever trains it anew enters its hash in shared/weights.py.
generator: $(STAMP) ## train the generator that ships with the package (two hours)
	$(BIN)/draw-market --out $(GENERATOR)/market --world varied --detector faulty \
	  --identities 1200 --images-per-identity 7 --seed 1
	$(BIN)/prep-market --src $(GENERATOR)/market --out $(GENERATOR)/shards --num-test-pairs 1000 \
	  --keypoints $(GENERATOR)/market/keypoints-train.csv \
	  --keypoints $(GENERATOR)/market/keypoints-test.csv
	OMP_NUM_THREADS=1 $(BIN)/train-gan --config train/weights/recipe.toml \
	  --shards $(GENERATOR)/shards --out $(GENERATOR)/first
	OMP_NUM_THREADS=1 $(BIN)/train-gan --config train/weights/crisp.toml \
	  --init-from $(GENERATOR)/first --shards $(GENERATOR)/shards --out $(GENERATOR)/run
	$(BIN)/eval-gan --run $(GENERATOR)/run --shards $(GENERATOR)/shards
	$(BIN)/export-generator $(GENERATOR)/run --out $(GENERATOR)/export --shards $(GENERATOR)/shards

quick: $(STAMP) ## the tests that start no process and train nothing
	$(PYTEST) $(PARALLEL) -m '$(QUICK)' --timeout 60

test: $(STAMP) ## all tests but the slow ones
	$(PYTEST) $(PARALLEL)

slow: $(STAMP) ## the tests that take long
	$(PYTEST) $(PARALLEL) -m 'slow and not gpu and not soak and not promises'

lint: $(STAMP) ## format, lint, types and import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint ## lint, then the default and the slow tests; a skip that is not allowed fails
	$(PYTEST) $(PARALLEL) --refuse-skips -m 'not gpu and not soak and not promises'

format: $(STAMP) ## format the code and fix what ruff can fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP) ## print the tables of speed; asserts nothing
	@for file in $(filter-out %/bench_gpu.py,$(wildcard tests/bench/bench_*.py)); do echo "== $$file"; $(BIN)/python $$file || exit 1; done

promises: $(STAMP) ## the promises at their quick figure
	$(PYTEST) $(PARALLEL) -m promises --timeout 3600

soak: $(STAMP) ## the promises at their long figure (hours)
	$(PYTEST) -m soak --timeout 86400

test-gpu: $(STAMP) ## tests that need a CUDA device
	$(PYTEST) -m gpu --timeout 3600

bench-gpu: ## tests, speed and two trained generators on a GPU, in eight minutes; installs nothing
	$(PYTHON) tests/bench/bench_gpu.py

# MUTANTS='shared.affine*' tries one module's. The results stay in mutants/; `mutmut show NAME` prints one.
mutants: $(STAMP) ## put single faults into the core modules and list those that no test sees (an hour)
	$(BIN)/python -m pip install --quiet --editable '.[test,mutants]'
	OMP_NUM_THREADS=1 nice -n 10 $(BIN)/mutmut run --max-children 2 $(if $(MUTANTS),'$(MUTANTS)')
	$(BIN)/mutmut results

clean: ## remove the environment and caches, not your data
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis mutants
