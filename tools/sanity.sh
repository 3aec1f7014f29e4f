#!/usr/bin/env bash
# Runs ansible-test sanity in the staged copy of the collection, and fails if any of it did not run.
#   tools/sanity.sh COLLECTION CACHE   with the wanted ansible-core first in PATH
set -euo pipefail
collection=${1:?} cache=${2:?}
mkdir -p "$cache"
cache=$(realpath "$cache")
log=$cache/sanity.log

# ansible-test equips its environments with a script that it would fetch from a site of its own; ensurepip and the package
# index that pip is set up for do as well. There is a name for each version that a supported ansible-core asks for.
mkdir -p "$cache/.ansible/test/cache"
for version in 23_1_2 24_2; do
    cat >"$cache/.ansible/test/cache/get_pip_$version.py" <<'PYTHON'
import os
import subprocess
import sys

environment = {name: value for name, value in os.environ.items() if name != "GET_PIP"}
subprocess.check_call([sys.executable, "-m", "ensurepip"], env=environment, stdout=subprocess.DEVNULL)
wanted = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", *wanted], env=environment))
PYTHON
done

# Its pip reads settings from that home alone: those of this user, and to say only what went wrong.
if [ ! -e "$cache/.config/pip/pip.conf" ]; then
    mkdir -p "$cache/.config/pip"
    if [ -e "$HOME/.config/pip/pip.conf" ]; then cp "$HOME/.config/pip/pip.conf" "$cache/.config/pip/"; fi
    HOME=$cache python -m pip config --quiet --user set global.quiet 2
fi

python=$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
cd "$collection"
HOME=$cache ansible-test sanity --local --python "$python" --color no 2>&1 | tee "$log"

if grep -iE 'skipp|No tests applicable' "$log" >"$log.skipped"; then
    printf 'ansible-test sanity left something out:\n%s\n' "$(cat "$log.skipped")" >&2
    exit 1
fi
count=$(grep -c '^Running sanity test' "$log" || true)
if [ "$count" -lt 20 ]; then
    echo "ansible-test sanity ran only $count tests" >&2
    exit 1
fi
echo "ansible-test sanity: $count tests passed"
