#!/usr/bin/env bash
# Makes the given targets one after the other, whatever becomes of each, and tells at the end what each came to and took.
set -uo pipefail
[ "$#" -gt 0 ] || { echo "usage: tools/stages.sh TARGET..." >&2; exit 2; }
table=() failed=0

for stage in "$@"; do
    printf '\n=== %s ===\n' "$stage"
    start=$SECONDS
    if "${MAKE:-make}" "$stage"; then verdict=ok; else verdict=FAILED failed=$((failed + 1)); fi
    took=$((SECONDS - start))
    table+=("$(printf '%-18s %-7s %3d min %02d s' "$stage" "$verdict" $((took / 60)) $((took % 60)))")
done

printf '\n=== in all, after %d min %02d s ===\n' $((SECONDS / 60)) $((SECONDS % 60))
printf '%s\n' "${table[@]}"
exit $((failed > 0))
