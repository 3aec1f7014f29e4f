#!/usr/bin/env bash
# Runs molecule's scenarios, all of them or the one named, on hosts of the test bed.
#   tools/molecule.sh CACHE [SCENARIO]
set -euo pipefail
cache=${1:?}/molecule scenario=${2:-}

# The checkout is the collection, and nothing else that somebody may have installed is.
mkdir -p "$cache/collections/ansible_collections/virtlab"
ln -sfn "$PWD" "$cache/collections/ansible_collections/virtlab/network"
export ANSIBLE_COLLECTIONS_PATH=$cache/collections ANSIBLE_HOME=$cache/home NO_COLOR=1

scenarios=("$scenario")
[ -n "$scenario" ] || mapfile -t scenarios < <(for file in molecule/*/molecule.yml; do basename "$(dirname "$file")"; done)
for each in "${scenarios[@]}"; do
    [ -f "molecule/$each/molecule.yml" ] || { echo "no scenario molecule/$each: there are $(ls -d molecule/*/)" >&2; exit 1; }
    molecule -c molecule/config.yml test -s "$each" 2>&1 | tee "$cache/$each.log"
    # a host that was never reached makes no error of its own
    for action in converge idempotence verify cleanup; do
        grep -q "$each.*$action.*Executed: Successful" "$cache/$each.log" || { echo "molecule did not $action" >&2; exit 1; }
    done
    grep -Eq 'host1 +: ok=[1-9]' "$cache/$each.log" || { echo "molecule reached no host" >&2; exit 1; }
done
