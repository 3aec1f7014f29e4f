#!/usr/bin/env bash
# Runs molecule's scenarios, all of them or the one named, on a virtual machine of the test bed with a release of Debian.
#   tools/molecule.sh CACHE SUITE [SCENARIO]
# Where VIRTLAB_INVENTORY names an inventory, its hosts are used instead, and left as they are. A lab of the test bed is this process's: where it is
# killed, the bed's clean takes the lab down.
set -euo pipefail
cache=$(realpath -m "${1:?}")/molecule suite=${2:?} scenario=${3:-}

# The checkout is the collection, and nothing else that somebody may have installed is.
mkdir -p "$cache/collections/ansible_collections/virtlab"
ln -sfn "$PWD" "$cache/collections/ansible_collections/virtlab/network"
export ANSIBLE_COLLECTIONS_PATH=$cache/collections ANSIBLE_HOME=$cache/home NO_COLOR=1
if [ -n "${VIRTLAB_INVENTORY:-}" ]; then
    VIRTLAB_INVENTORY=$(realpath --relative-to . "$VIRTLAB_INVENTORY") VIRTLAB_BED=
else
    VIRTLAB_INVENTORY=$(realpath --relative-to . "$cache")/inventory-$$.json VIRTLAB_BED="--kind vm --suite $suite --keeper $$"
    echo '{"all": {"hosts": {}}}' >"$VIRTLAB_INVENTORY"
    trap 'rm -f "$VIRTLAB_INVENTORY"' EXIT
fi
VIRTLAB_LAB=molecule$$
export VIRTLAB_INVENTORY VIRTLAB_BED VIRTLAB_LAB

scenarios=("$scenario")
[ -n "$scenario" ] || mapfile -t scenarios < <(for file in molecule/*/molecule.yml; do basename "$(dirname "$file")"; done)
for each in "${scenarios[@]}"; do
    [ -f "molecule/$each/molecule.yml" ] || { echo "no scenario molecule/$each: there are: $(dirname molecule/*/molecule.yml | xargs -n 1 basename | xargs)" >&2; exit 1; }
    molecule test -s "$each" 2>&1 | tee "$cache/$each.log"
    # a host that was never reached makes no error of its own
    for action in converge idempotence verify side_effect cleanup; do
        grep -q "$each.*$action.*Executed: Successful" "$cache/$each.log" || { echo "molecule did not $action" >&2; exit 1; }
    done
    grep -Eq '^[^ ]+ +: ok=[1-9].*unreachable=0 ' <(sed -n '/> converge\] Executing/,/> converge\] Executed/p' "$cache/$each.log") || { echo "molecule reached no host" >&2; exit 1; }
done
