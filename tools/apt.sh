#!/usr/bin/env bash
# Installs the Debian packages that bindep.txt lists for one profile and that are missing here. Asks for root only where some are.
set -euo pipefail
profile=${1:?"usage: tools/apt.sh PROFILE"}

mapfile -t wanted < <(awk -v profile="$profile" '!/^#/ && match($0, /\[.*\]/) {
    split(substr($0, RSTART + 1, RLENGTH - 2), words, " ")
    for (i in words) if (words[i] == profile) { print $1; break }
}' bindep.txt)
[ "${#wanted[@]}" -gt 0 ] || { echo "bindep.txt lists nothing for $profile" >&2; exit 1; }

if ! command -v dpkg-query >/dev/null; then
    echo "Debian or a descendant is needed here. Elsewhere, install the likes of: ${wanted[*]}" >&2
    exit 1
fi

installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${wanted[@]}" 2>/dev/null || true)
missing=()
for package in "${wanted[@]}"; do
    grep -qxF "$package installed" <<<"$installed" || missing+=("$package")
done
[ "${#missing[@]}" -gt 0 ] || exit 0

install="apt-get install -y --no-install-recommends ${missing[*]}"
sudo=()
if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
        sudo=(sudo)
    else
        printf 'Packages are missing, and this user may not install them. As root, run:\n    apt-get update && %s\n' "$install" >&2
        exit 1
    fi
fi
echo "Installing: ${missing[*]}"
"${sudo[@]}" apt-get update -qq
"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
