#!/usr/bin/env bash
# Copies what git knows or would add to DIR/ansible_collections/virtlab/network and prints that path: ansible-test wants to live at
# such a path, in a git work tree, and a build packs whatever lies around.
set -euo pipefail
collection=${1:?"usage: tools/stage.sh DIR"}/ansible_collections/virtlab/network

rm -rf "$collection"
mkdir -p "$collection"
git ls-files -coz --exclude-standard --deduplicate |
    while IFS= read -r -d '' path; do if [ -e "$path" ]; then printf '%s\0' "$path"; fi; done |
    tar -c --null --no-recursion -T - | tar -x -C "$collection"
git init -q "$collection"
echo "$collection"
