# SPDX-License-Identifier: GPL-3.0-or-later
"""Which labs there are, whose they are, and their end: also of those whose runner was killed half-way."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

from . import cgroup, fabric
from .bed import DISKS, STATE, BedError
from .host import Host, start_time


def check_name(name):
    """Raise BedError unless a name is fit for a lab."""
    if not re.fullmatch(r"[a-z][a-z0-9]{0,15}", name):
        raise BedError(f"lab is {name!r}: must be 1 to 16 lower-case letters and digits, a letter first")


def claim(name):
    """Make a lab's folder, which says from the first moment who keeps the lab. Raises BedError where there is such a lab already."""
    check_name(name)
    STATE.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".", dir=STATE))
    (scratch / "keeper").write_text(f"{os.getpid()} {start_time(os.getpid())}", encoding="utf-8")
    try:
        scratch.rename(STATE / name)
    except OSError as err:
        shutil.rmtree(scratch)
        raise BedError(f"lab {name} is there already: take it down first, with: python3 -m testbed down {name}") from err


def keep(name, keeper=None):
    """Let a lab stay up when this process ends; until process ``keeper`` ends, if one is given."""
    if keeper is None:
        (STATE / name / "keeper").unlink()
    else:
        (STATE / name / "keeper").write_text(f"{keeper} {start_time(keeper)}", encoding="utf-8")


def abandoned(name):
    """True where a lab was left behind: the process that was to take it down has ended, or none of its hosts runs or can run again."""
    keeper = STATE / name / "keeper"
    if keeper.exists():
        pid, started = map(int, keeper.read_text(encoding="utf-8").split())
        return start_time(pid) != started
    # a virtual machine that is off has its disk still
    return not (DISKS / name).exists() and not any(Host(name, path.parent.name).alive for path in (STATE / name).glob("*/pid"))


def labs():
    """Names of the labs that are up, or were when their runner was killed."""
    found = {path.name for top in (STATE, DISKS) if top.exists() for path in top.iterdir() if path.is_dir() and path.name[0] != "."}
    found |= {group.partition(".")[0] for group in cgroup.groups()} | {name.split("-")[1] for name in fabric.names()}
    return sorted(found)


def down(name):
    """End a lab and remove all that it left, also where its runner was killed half-way."""
    check_name(name)
    for group in [group for group in cgroup.groups() if group.partition(".")[0] == name]:
        Host(name, group.partition(".")[2]).end()
    for namespace in [namespace for namespace in fabric.names() if namespace.split("-")[1] == name]:
        fabric.remove(namespace)
    for folder in (STATE / name, DISKS / name):
        shutil.rmtree(folder, ignore_errors=True)


def clean(everything=False):
    """Take down the labs that were left behind, or all of them; their names."""
    found = [name for name in labs() if everything or abandoned(name)]
    for name in found:
        down(name)
    return found
