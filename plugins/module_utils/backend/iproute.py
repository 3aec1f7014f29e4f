# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""iproute2's programs, read as JSON and written to in batches, and teamd(8), which makes what they cannot."""

from __future__ import annotations

import contextlib
import functools
import json
import re
import subprocess

from .. import deps
from ..errors import BackendError, DependencyError, UnsupportedError

#: programs that take many commands at once, and the packages that programs come in, on Debian and RedHat families
BATCHED = ("ip", "bridge")
PACKAGES = {"teamd": "libteam-utils (teamd on RedHat families)"}
#: what a batch cannot carry: it has no quotes within words, and takes # for a comment
UNTOLD = re.compile(r"[\s#'\"\\]")
#: how a batch has a word without letters
EMPTY = '""'
#: what it answers for an address that is not there: whoever configures the device may have been faster, or the kernel took it along with another
GONE = ("Cannot assign requested address", "Address not found")
#: what the kernel answers for what it was built without
LACKING = ("Operation not supported", "Unknown device type", "RTNETLINK answers: Not supported", "Unsupported")


@functools.lru_cache(None)
def path(program):
    """Path of a program. Raises DependencyError."""
    found = deps.program(program)
    if found is None:
        package = PACKAGES.get(program, "iproute2 (iproute on RedHat families)")
        raise DependencyError(f"the managed host has no {program}(8): install the package {package}")
    return found


def read(program, *arguments):
    """What a program prints as JSON."""
    return read_all((program, *arguments))[0]


def read_all(*commands):
    """What programs print as JSON that are run at the same time: with thousands of devices each takes its time."""
    whole = [[path(program), "-j", *arguments] for program, *arguments in commands]
    with contextlib.ExitStack() as stack:
        running = [stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)) for command in whole]
        said = [each.communicate() for each in running]
    for command, process, outputs in zip(whole, running, said):
        if process.returncode:
            raise BackendError(f"{' '.join(command)} failed: {outputs[1].decode(errors='replace').strip()}")
    return [json.loads(printed or "[]") for printed, unused in said]


def check(commands):
    """Raise UnsupportedError for a word that cannot be told, DependencyError for a program that is not there."""
    for command in commands:
        path(command[0])
        for word in command if command[0] in BATCHED else ():
            if UNTOLD.search(word):
                raise UnsupportedError(f"{word!r} cannot be told to {command[0]}(8): leave out blanks, quotes, # and backslashes")


def batch(program, commands):
    """Give one program some commands, each without the program's name. Raises BackendError for the first that fails; those after it are not carried out."""
    text = "".join(f"{' '.join(word or EMPTY for word in words)}\n" for words in commands)
    done = subprocess.run([path(program), "-batch", "-"], input=text, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return
    failed = re.search(r"Command failed -:(\d+)", done.stderr)
    number = int(failed.group(1)) if failed else 1
    words = commands[number - 1]
    if tuple(words[:2]) == ("address", "del") and any(each in done.stderr for each in GONE):
        batch(program, commands[number:])
        return
    said = "; ".join(line for line in done.stderr.splitlines() if line.strip() and not line.startswith(("Command failed", "We have an error")))
    raise BackendError(f"{program} {' '.join(words)} failed: {said or f'exit code {done.returncode}'}{_hint(words, said)}")


def run(program, *words):
    """Carry one command out. Raises BackendError."""
    done = subprocess.run([path(program), *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackendError(f"{program} {' '.join(words)} failed: {done.stderr.strip() or f'exit code {done.returncode}'}")


def _hint(words, said):
    if not any(each in said for each in LACKING):
        return ""
    if words[0] == "vlan":
        return "; this kernel's bridges have no VLANs"
    if "type" not in words[:-1]:
        return "; this kernel cannot do this"
    kind, *options = words[words.index("type") + 1:]
    asked = f", or not with {', '.join(options[::2])}" if options else ""
    return f"; this kernel has no {kind} devices{asked}: what is missing may be a module, see modprobe(8)"
