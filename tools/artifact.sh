#!/usr/bin/env bash
# Builds the artifact from the staged copy, installs it by itself, and uses the installed collection.
#   tools/artifact.sh COLLECTION CACHE
set -euo pipefail
collection=${1:?} cache=${2:?}
rm -rf "$cache/artifact" "$cache/installed"
mkdir -p "$cache/artifact" "$cache/installed"
export ANSIBLE_COLLECTIONS_PATH=$cache/installed ANSIBLE_HOME=$cache/installed/home

ansible-galaxy collection build --output-path "$cache/artifact" "$collection"
artifact=$(echo "$cache"/artifact/virtlab-network-*.tar.gz)
tar -tzf "$artifact" | sort >"$cache/artifact/files"
if grep -vxE "tests/(config.yml)?" "$cache/artifact/files" | grep -E '^(testbed|tools|benchmarks|molecule|tests)/|/__pycache__/|^\.'; then
    echo "the artifact holds the files above, which only development needs" >&2
    exit 1
fi

ansible-galaxy collection install --offline -p "$cache/installed" "$artifact"
installed=$cache/installed/ansible_collections/virtlab/network

modules=0
for path in "$installed"/plugins/modules/[!_]*.py; do
    NO_COLOR=1 ansible-doc -t module "virtlab.network.$(basename "$path" .py)" >"$cache/artifact/doc"
    head -n 1 "$cache/artifact/doc"
    modules=$((modules + 1))
done
playbooks=0
for path in "$installed"/playbooks/*.yml; do
    [ -e "$path" ] || continue
    ansible-playbook --syntax-check -i localhost, "virtlab.network.$(basename "$path" .yml)"
    playbooks=$((playbooks + 1))
done
echo "$(basename "$artifact"): $(grep -vc '/$' "$cache/artifact/files") files, $modules modules documented, $playbooks playbooks parsed"
