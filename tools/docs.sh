#!/usr/bin/env bash
# Reads the documentation as its publishers do: every plugin's, every role's, the change log, and the links between pages.
#   tools/docs.sh COLLECTION
set -euo pipefail
links=$(realpath "$(dirname "${BASH_SOURCE[0]}")/links.py")
cd "${1:?}"

modules=$(find plugins/modules -name '[!_]*.py' | wc -l)
[ "$modules" -gt 0 ] || { echo "there is no module to read" >&2; exit 1; }
failed=()
antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=all . || failed+=(antsibull-docs)
antsibull-changelog lint || failed+=(antsibull-changelog)
python "$links" || failed+=(links)

[ "${#failed[@]}" -eq 0 ] || { echo "documentation of $modules modules: ${failed[*]} found something wrong" >&2; exit 1; }
echo "documentation of $modules modules: nothing wrong"
