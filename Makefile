# The commands of this project. `make` alone tells them.

SHELL := /bin/bash
.SHELLFLAGS := --norc -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.NOTPARALLEL:

# Whatever else a person has set up, recipes see the tools of .venv and those of the system. A version manager's shims
# are left out: they answer for Pythons that are not there.
CACHE := $(CURDIR)/.cache
VENV := $(CURDIR)/.venv
PATH := $(VENV)/bin:$(shell tr : '\n' <<<"$$PATH" | grep -v '/shims$$' | paste -sd:):/usr/sbin:/sbin
export PATH
unexport ANSIBLE_CONFIG ANSIBLE_COLLECTIONS_PATH ANSIBLE_ROLES_PATH PYTHONHOME PYTHONPATH VIRTUAL_ENV

# What is installed is named after what it was installed from, so that a change installs anew.
digest = $(shell { echo $(CURDIR); cat $(1) requirements-lock.txt; } | sha256sum | cut -c1-12)
CONTROLLER := $(VENV)/controller-$(call digest,requirements.txt)
TESTTOOLS := $(VENV)/testtools-$(call digest,requirements.txt requirements-test.txt)
BENCHTOOLS := $(VENV)/benchtools-$(call digest,requirements.txt requirements-bench.txt)
PIP := $(VENV)/bin/python -m pip install -qq --disable-pip-version-check --constraint requirements-lock.txt

STAGES := lint sanity-oldest docs-lint build test-unit test-browser demo test-integration test-trixie test-machines test-vm

.PHONY: help
help: ## tell what there is to make
	@awk -F ':.*## ' '/^[a-z0-9.-]+:.*## / { printf "make %-18s %s\n", $$1, $$2 }' Makefile

.PHONY: deps
deps: packages-demo $(CONTROLLER) ## install what the demo needs: Debian packages, and the controller in .venv

.PHONY: deps-test
deps-test: deps packages-test $(TESTTOOLS) ## install what linting and testing need as well

.PHONY: packages-demo packages-test
packages-demo packages-test: packages-%:
	@tools/apt.sh $*

# The managed hosts' Python libraries come from the system, as they do there.
$(CONTROLLER): | packages-demo
	@echo "Installing the controller in .venv"
	@/usr/bin/python3 -m venv --clear --system-site-packages $(VENV)
	@$(PIP) --requirement requirements.txt
	@touch $@

$(TESTTOOLS): $(CONTROLLER)
	@echo "Installing the test tools in .venv"
	@$(PIP) --requirement requirements-test.txt
	@touch $@

$(BENCHTOOLS): $(CONTROLLER)
	@echo "Installing what plots in .venv"
	@$(PIP) --requirement requirements-bench.txt
	@touch $@

.PHONY: demo
demo: deps ## a NAT lab from nothing on a disposable host, tried with packets, and taken down
	@$(VENV)/bin/python -m testbed.demo

.PHONY: test
test: deps-test ## everything that CI runs
	@MAKE='$(MAKE)' tools/stages.sh $(STAGES)

.PHONY: lint
lint: deps-test ## ruff, shellcheck, ansible-lint (production) and ansible-test sanity; each also by its own name
	@MAKE='$(MAKE)' tools/stages.sh ruff shellcheck ansible-lint sanity

.PHONY: ruff
ruff: deps-test
	@ruff check --output-format concise .

.PHONY: shellcheck
shellcheck: deps-test
	@shellcheck .ci/run $$(git ls-files -co --exclude-standard '*.sh')
	@echo "shellcheck: nothing wrong"

.PHONY: ansible-lint
ansible-lint: deps-test
	@tools/ansible-lint.sh $$(tools/stage.sh $(CACHE)/stage)

.PHONY: sanity
sanity: deps-test
	@tools/sanity.sh $$(tools/stage.sh $(CACHE)/stage) $(CACHE)/sanity

# The oldest ansible-core that meta/runtime.yml admits.
OLDEST := $(CACHE)/oldest-core
.PHONY: sanity-oldest
sanity-oldest: deps-test ## ansible-test sanity as the oldest supported ansible-core has it
	@test -x $(OLDEST)/bin/ansible-test || { /usr/bin/python3 -m venv --clear $(OLDEST); $(OLDEST)/bin/python -m pip install -qq 'ansible-core~=2.16.0'; }
	@PATH=$(OLDEST)/bin:$$PATH tools/sanity.sh $$(tools/stage.sh $(CACHE)/stage) $(CACHE)/sanity

.PHONY: docs-lint
docs-lint: deps-test ## the documentation, the change log, and the links between pages
	@tools/docs.sh $$(tools/stage.sh $(CACHE)/stage)

.PHONY: build
build: deps-test ## build the artifact, install it by itself, and use it
	@tools/artifact.sh $$(tools/stage.sh $(CACHE)/stage) $(CACHE)

.PHONY: test-unit
test-unit: deps-test ## unit tests: seconds, no root, no daemon
	@python -m pytest tests/unit

.PHONY: test-browser
test-browser: deps-test ## the picture of a topology, looked at and clicked in Chromium, and read by Graphviz (no root)
	@python -m pytest tests/browser

.PHONY: test-integration
test-integration: deps-test ## integration tests against real libvirtd in the test bed's namespaces (needs root)
	@python -m pytest -n 3 --dist loadfile tests/integration

# What depends on versions, with those of Debian 13: first what goes through every option of networks and rules, which is enough for each change.
LATER := matrix virt_network virt_network_info nft nft_firewall
LATER_ALL := $(LATER) virt_host documents guests guests_role interface nat firewall neighbours probe
.PHONY: test-trixie test-trixie-all
test-trixie: deps-test ## every option of networks and rules, with libvirt and nft(8) of Debian 13 (needs root)
	@python -m pytest -n 3 --dist loadfile --suite trixie $(LATER:%=tests/integration/test_%.py)
test-trixie-all: deps-test ## all that depends on their versions (needs root)
	@python -m pytest -n 3 --dist loadfile --suite trixie $(LATER_ALL:%=tests/integration/test_%.py)

.PHONY: test-machines
test-machines: deps-test ## what takes a kernel, an init and a reboot of its own, in virtual machines (needs root)
	@python -m pytest -n 2 --dist loadfile --no-loadscope-reorder tests/machines

.PHONY: test-lockout
test-lockout: deps-test ## a hundred attempts to lock oneself out of a virtual machine over ssh (needs root, about an hour)
	@python -m pytest -n 2 --dist load tests/lockout

SCENARIO ?= nat_lab
SUITE ?= bookworm
.PHONY: test-vm
test-vm: deps-test ## molecule's SCENARIO=nat_lab on a virtual machine with SUITE=bookworm or trixie (needs root)
	@tools/molecule.sh $(CACHE) $(SUITE) $(SCENARIO)

.PHONY: test-vm-all
test-vm-all: deps-test ## what make test leaves out: Debian 13 as a whole, molecule's scenarios on either release, and the demo in a machine (needs root)
	@MAKE='$(MAKE)' tools/stages.sh test-trixie-all test-vm-bookworm test-vm-trixie test-machines-trixie test-nested

.PHONY: test-vm-bookworm test-vm-trixie
test-vm-bookworm test-vm-trixie: test-vm-%: deps-test
	@tools/molecule.sh $(CACHE) $*

.PHONY: test-machines-trixie
test-machines-trixie: deps-test
	@python -m pytest -n 2 --dist loadfile --suite trixie $(addprefix tests/machines/test_,boot.py trial.py uplink.py)

# A guest by emulation in a machine by emulation: slow.
.PHONY: test-nested
test-nested: deps-test
	@python -m pytest tests/nested

# The rival, from the package that most people have it from.
RIVAL := $(CACHE)/bench/ansible_collections/community/libvirt
$(RIVAL):
	@echo "Downloading community.libvirt, with all else that the package ansible has"
	@rm -rf $(CACHE)/bench && mkdir -p $(CACHE)/bench
	@python -m pip download -qq --disable-pip-version-check --no-deps --dest $(CACHE)/bench 'ansible==12.3.0'
	@python -m zipfile -e $(CACHE)/bench/ansible-*.whl $(CACHE)/bench/whole
	@mkdir -p $(@D) && mv $(CACHE)/bench/whole/ansible_collections/community/libvirt $@
	@rm -rf $(CACHE)/bench/whole $(CACHE)/bench/ansible-*.whl

.PHONY: bench
bench: deps $(BENCHTOOLS) $(RIVAL) ## compare how long things take with raw libvirt, ip -batch, nft and others: tables and a plot (needs root, half an hour)
	@$(VENV)/bin/python -m benchmarks $(CACHE)/bench

.PHONY: pins
pins: ## write requirements-lock.txt anew for what the other requirements files ask for
	/usr/bin/python3 -m venv --clear $(CACHE)/pins
	$(CACHE)/pins/bin/python -m pip install -qq $(addprefix --requirement requirements,.txt -test.txt -bench.txt)
	{ sed -n 1p requirements-lock.txt; $(CACHE)/pins/bin/python -m pip freeze; } >$(CACHE)/pins/lock
	cp $(CACHE)/pins/lock requirements-lock.txt

.PHONY: schema
schema: deps ## write schemas/lab.json anew, the JSON Schema of a lab's definition
	@python tools/lab_schema.py $$(tools/stage.sh $(CACHE)/stage | sed 's,/ansible_collections/.*,,') >$(CACHE)/lab.json
	@mkdir -p schemas && cp $(CACHE)/lab.json schemas/lab.json

.PHONY: clean
clean: ## remove what was made and installed here
	rm -rf $(CACHE) $(VENV) .ansible
