#!/usr/bin/env bash
# Runs molecule's scenarios, all of them or the one named, on a virtual machine of the test bed with a release of Debian.
#   tools/molecule.sh CACHE SUITE [SCENARIO]
# Where VIRTLAB_INVENTORY names an inventory, its hosts are used instead, and left as they are.
set -euo pipefail
cache=$(realpath -m "${1:?}")/molecule suite=${2:?} scenario=${3:-}

# The checkout is the collection, and nothing else that somebody may have installed is.
mkdir -p "$cache/collections/ansible_collections/virtlab"
ln -sfn "$PWD" "$cache/collections/ansible_collections/virtlab/network"
export ANSIBLE_COLLECTIONS_PATH=$cache/collections ANSIBLE_HOME=$cache/home NO_COLOR=1
if [ -n "${VIRTLAB_INVENTORY:-}" ]; then
    VIRTLAB_INVENTORY=$(realpath "$VIRTLAB_INVENTORY") VIRTLAB_BED=
else
    VIRTLAB_INVENTORY=$cache/inventory.json VIRTLAB_BED="--kind vm --suite $suite"
    echo '{"all": {"hosts": {}}}' >"$VIRTLAB_INVENTORY"
fi
export VIRTLAB_INVENTORY VIRTLAB_BED

scenarios=("$scenario")
[ -n "$scenario" ] || mapfile -t scenarios < <(for file in molecule/*/molecule.yml; do basename "$(dirname "$file")"; done)
for each in "${scenarios[@]}"; do
    [ -f "molecule/$each/molecule.yml" ] || { echo "no scenario molecule/$each: there are $(ls -d molecule/*/)" >&2; exit 1; }
    molecule -c molecule/config.yml test -s "$each" 2>&1 | tee "$cache/$each.log"
    # a host that was never reached makes no error of its own
    for action in converge idempotence verify side_effect cleanup; do
        grep -q "$each.*$action.*Executed: Successful" "$cache/$each.log" || { echo "molecule did not $action" >&2; exit 1; }
    done
    grep -Eq '^[^ ]+ +: ok=[1-9].*unreachable=0 ' <(grep -v '^localhost' "$cache/$each.log") || { echo "molecule reached no host" >&2; exit 1; }
done
