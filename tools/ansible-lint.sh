#!/usr/bin/env bash
# Runs ansible-lint in the staged copy of the collection, and fails if it read nothing.
#   tools/ansible-lint.sh COLLECTION
set -euo pipefail
cd "${1:?}"
log=.git/ansible-lint.log

# The copy finds itself, and nothing else that somebody may have installed.
ANSIBLE_COLLECTIONS_PATH=$(realpath ../../..) ANSIBLE_HOME=$(realpath .git)/ansible
export ANSIBLE_COLLECTIONS_PATH ANSIBLE_HOME

ansible-lint --nocolor 2>&1 | tee "$log"
grep -qE 'Passed: .* in [1-9][0-9]* files' "$log" || { echo "ansible-lint read nothing" >&2; exit 1; }
