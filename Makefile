# The few commands of this project. They need git, make and Python 3.11 or newer, nothing else:
# no database, no Docker, no uv. Everything is installed into .venv from locks with hashes.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
# Tests wait for processes most of the time: more of them at once than there are cores.
WORKERS ?= 3
ARGS ?=
# Of `make walk`: its own engine, or `mine`; KEEP=1 leaves it running; FOLDER takes a kept one again.
ENGINE ?= own
KEEP ?=
FOLDER ?=
# Of `make bench`: the rows, such as ROWS="current check"; TURNS=3: at most so many of each; QUICK=1:
# three of them and little data; WRITE=1: into the README files; PG_BIN: a folder of other client
# programs, such as some with zstd.
ROWS ?=
TURNS ?=
QUICK ?=
WRITE ?=
PG_BIN ?=

VENV := .venv
PY := $(VENV)/bin/python
INSTALLED := $(VENV)/installed.lock
LOWEST := .venv-lowest
EXAMPLES := .venv-examples
BENCH := .venv-bench
PACKAGES := sst-incidents sst-notify-apprise sst-office-hours
PIP := -m pip --disable-pip-version-check
COMPILE = $(PY) -m uv pip compile --quiet --universal --generate-hashes \
	--no-emit-index-url --no-header --no-annotate $(ARGS)

# Development on the embedded database, whatever the shell has exported for other work.
DEMO = env -u ENVIRONMENT -u DATABASE_URL_FILE -u PLUGINS__ENABLED \
	-u MIGRATION_DATABASE_URL -u MIGRATION_DATABASE_URL_FILE \
	-u MIGRATE__SCRIPT_LOCATION -u MIGRATE__ALEMBIC_CONFIG \
	ENV_FOR_DYNACONF=development DATABASE_URL=embedded $(PY) migrate.py

# What `make serve RELOAD=1` adds: the code, and the files that settings are read from.
RELOAD ?=
WATCH = --reload $(addprefix --reload-include ,settings.toml .secrets.toml settings.local.toml .env)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo serve test check format references screens bench walk test-lowest test-examples install-demo install lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

demo: install-demo ## Migrate an embedded PostgreSQL: upgrade with backup and checks, status, history
	@for command in upgrade status history; do \
		printf '\n$$ python migrate.py %s\n' "$$command"; \
		$(DEMO) $$command || exit; \
	done
	@printf '\nNow see the application: make serve, then open http://$(HOST):$(PORT)/docs\n'

serve: install-demo ## Serve the application on HOST:PORT (127.0.0.1:8000); RELOAD=1: again after each change
	@echo 'Open http://$(HOST):$(PORT)/docs (closed in a protected environment)'
	$(PY) -m uvicorn app.main:app --host $(HOST) --port $(PORT) $(if $(RELOAD),$(WATCH))

test: install ## Run all tests on an embedded PostgreSQL, and on TEST_DATABASE_URL when set
	$(PY) -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

check: install ## Check format, lint, types and who imports whom
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports

format: install ## Format the code and apply the safe fixes
	$(PY) -m ruff check --fix-only .
	$(PY) -m ruff format .

references: install ## Write the pages of settings and of hooks again, from the code
	$(PY) -m tests.unit.config.show.test_generate
	$(PY) -m sst.hooks.tools.reference > docs/plugin-authors/hooks.md.new
	mv docs/plugin-authors/hooks.md.new docs/plugin-authors/hooks.md

screens: install ## Make the screens of the README again, from real runs
	$(PY) -m tests.support.screens

# What is measured runs on the versions of the image, and isal, which packs backups.
bench: install ## Measure the table of bench/README.md; ROWS="current check": these; QUICK=1: roughly
	@{ cat requirements.lock; sed -n '/^isal==/,/[^\\]$$/p' requirements-dev.lock; } > $(BENCH).lock
	@$(call install,$(BENCH),$(BENCH).lock,--compile)
	@$(PY) -m bench.table --python $(BENCH)/bin/python $(if $(TURNS),--turns $(TURNS)) \
		$(if $(QUICK),--quick) $(if $(WRITE),--write) $(if $(PG_BIN),--pg-bin $(PG_BIN)) $(ROWS)

# The standard library is enough for it: root needs no environment.
walk: ## Walk the deployment guide with Docker: as root on Debian, or ENGINE=mine
	@$(PYTHON) -B -m deploy.walk --engine $(ENGINE) $(if $(KEEP),--keep) $(if $(FOLDER),--folder $(FOLDER))

# The wheel, and everything that it needs in the lowest version that it takes; the oldest Python
# has wheels of all of them. The tests lie in a folder without `sst/`, their tools are those of .venv.
test-lowest: install ## Run tests on the installed wheel with the lowest supported versions
	@rm -f $(LOWEST)/lib/python3*/site-packages/beside.pth
	@$(call install,$(LOWEST),requirements-lowest.lock,--no-compile)
	@$(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
		> "$$($(LOWEST)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/beside.pth"
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	$(PY) -m hatchling build -t wheel -d "$$folder/wheel" && \
	$(LOWEST)/bin/python $(PIP) install --quiet --no-index --no-deps --force-reinstall "$$folder"/wheel/*.whl && \
	cp -R tests app alembic migrate.py settings.toml .secrets.toml.example pyproject.toml "$$folder" && \
	cd "$$folder" && lowest="$(CURDIR)/$(LOWEST)/bin/python" && \
	ln -s "$$("$$lowest" -c 'from sst.built_in import built_in_home; print(built_in_home())')/plugins" && \
	"$$lowest" -c "import alembic, click, pydantic, sqlalchemy, sst, sys; \
		assert sst.__file__.startswith(sys.prefix), sst.__file__; print(sst.__file__, \
		*('%s %s' % (m.__name__, m.__version__) for m in (alembic, click, pydantic, sqlalchemy)))" && \
	"$$lowest" -m pytest -n $(WORKERS) --dist worksteal -m lowest $(ARGS)

test-examples: ## Run the tests of examples/ on installed packages, outside this folder
	@$(call install,$(EXAMPLES),examples/requirements.lock,--no-compile)
	@$(EXAMPLES)/bin/python $(PIP) install --quiet --no-index --no-deps --no-build-isolation \
		--force-reinstall . $(PACKAGES:%=./examples/%)
	@$(EXAMPLES)/bin/python $(PIP) check
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && cp -R examples/. "$$folder" && \
	for package in $(PACKAGES); do \
		printf '\n%s\n' "$$package"; \
		(cd "$$folder/$$package" && SST_TEST_DATABASE_URL="$$TEST_DATABASE_URL" \
			"$(CURDIR)/$(EXAMPLES)/bin/pytest" $(ARGS)) || exit; \
	done

# Of the test tools most is never imported: only what demo runs is compiled when it is installed.
install-demo: ## Make .venv and install what demo and serve need
	@cmp -s requirements-dev.lock $(INSTALLED) || $(call install,$(VENV),requirements-demo.lock,--compile)

install: install-demo ## Install the tools of test and check as well
	@$(call install,$(VENV),requirements-dev.lock,--no-compile)

lock: install ## Lock the versions again; newest ones with ARGS=--upgrade
	$(PY) $(PIP) install --quiet uv
	$(COMPILE) --output-file requirements.lock pyproject.toml
	$(COMPILE) --extra embedded --extra reload --constraint requirements.lock \
		--output-file requirements-demo.lock pyproject.toml
	$(COMPILE) --extra embedded --extra reload --group dev --constraint requirements-demo.lock \
		--output-file requirements-dev.lock pyproject.toml
	rm -f requirements-lowest.lock
	$(COMPILE) --extra fleet --python-version 3.11 --resolution lowest-direct \
		--output-file requirements-lowest.lock pyproject.toml
	$(COMPILE) --annotate --annotation-style split $(addprefix --extra ,age aws fleet gcs isal otel redis s3 sftp) \
		--constraint requirements-dev.lock --output-file requirements-extras.lock pyproject.toml
	$(COMPILE) --python-version 3.11 --constraint requirements-dev.lock \
		$(addprefix --no-emit-package ,sst-platform $(PACKAGES)) \
		--output-file examples/requirements.lock examples/requirements.in

clean: ## Remove the virtual environments and caches; databases and backups stay
	rm -rf $(VENV) $(LOWEST) $(EXAMPLES) $(BENCH) $(BENCH).lock .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# install ENVIRONMENT,LOCK,OPTION: what the environment has is the lock that lies in it as
# installed.lock. A lock is complete, so pip resolves nothing (--no-deps): a resolver would also look
# at releases that are newer than the lock. Whether it is complete is what `pip check` says.
define install
cmp -s $(2) $(1)/installed.lock || { \
	$(call make_venv,$(1)) \
	&& echo "Installing $(2) into $(1) ..." \
	&& rm -f $(1)/installed.lock \
	&& { $(1)/bin/python $(PIP) install $(3) --no-deps --require-hashes -r $(2) || echo Failed; } \
		| { $(progress); } \
	&& $(1)/bin/python $(PIP) check \
	&& cp $(2) $(1)/installed.lock; }
endef

# The names that pip reports, six to a line, instead of its three or four lines for each.
define progress
show() { count=$$((count + 1)); printf ' %s' "$$1"; [ $$((count % 6)) != 0 ] || echo; }; count=0; last=; \
while read -r word name rest; do \
	case $$last-$$word in \
		*-Collecting) show "$${name%%=*}" ;; \
		Collecting-Processing) ;; \
		*-Processing) name=$${name##*/}; show "$${name%%-*}" ;; \
		*-Installing) printf '\n installing them ...\n' ;; \
		*-Failed) exit 1 ;; \
	esac; \
	last=$$word; \
done
endef

define make_venv
$(1)/bin/python -m pip --version >/dev/null 2>&1 || { \
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Python 3.11 or newer is needed; $(PYTHON) is: $$($(PYTHON) --version 2>&1)" >&2; \
		echo "  next: name one that is newer, such as: make PYTHON=python3.12" >&2; exit 1; }; \
	$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments: its venv module is missing" >&2; \
		echo "  next: install it, on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }; \
	echo "Making $(1) ..."; \
	$(PYTHON) -m venv --clear $(1); }
endef
