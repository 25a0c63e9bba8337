# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
.DEFAULT_GOAL := check
.PHONY: check lint types contracts test slow format notebooks licences

check: lint types contracts test  ## lint, types, contracts, tests

lint:  ## style, spelling, licences
	ruff check .
	ruff format --check .
	codespell
	reuse lint --quiet

types:
	mypy

contracts:  ## who may import whom
	lint-imports

test:
	pytest

slow:  ## the tests that take minutes
	pytest -m slow

notebooks:  ## run every notebook from top to bottom, in place
	python notebooks/run.py

format:
	ruff format .
	ruff check --fix .
