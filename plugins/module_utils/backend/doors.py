# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Doors of other programs on a host: which are open, opening them, and closing them again; by these programs alone, so that they last as theirs do."""

from __future__ import annotations

import os
import shlex
import subprocess

from .. import deps
from ..errors import BackendError

#: what tells rules of ours from others in what these programs show
MARK = "virtlab"


def shut(doors):
    """Those of some Doors that are recorded, and not open any more. A neighbour that is gone for now has none: it drops nothing either."""
    return tuple(door for door in doors if not ASKS[door.neighbour](door))


def rehearse(door):
    """Raise BackendError where a door could be opened only at somebody else's cost."""
    if door.neighbour != "firewalld" or not _firewalld_runs():
        return
    zone = _run(door.program, f"--get-zone-of-interface={door.device}", said=(0, 2))
    if zone.returncode == 0 and zone.stdout.strip() not in door.rule:
        raise BackendError(f"firewalld has {door.device} in zone {zone.stdout.strip()}, which drops packets of its guests, and coexist moves no device that "
                           f"somebody gave a zone: take it out of there (firewall-cmd --permanent --zone={zone.stdout.strip()} "
                           f"--remove-interface={door.device}; firewall-cmd --reload), or leave coexist out and have that zone let them pass")


def turn(door, opens):
    """Open a Door, or close it."""
    TURNS[door.neighbour](door, opens)


def _docker_asks(door):
    """DOCKER-USER is there from Docker's first start on, and lasts until the next boot."""
    if not deps.program(door.program):
        return True
    shown = _run(door.program, "-w", "-S", "DOCKER-USER", said=(0, 1))
    return shown.returncode == 1 or _docker_rule(door) in [shlex.split(line)[2:] for line in shown.stdout.splitlines()]


def _docker_turns(door, opens):
    if opens or _run(door.program, "-w", "-C", "DOCKER-USER", *_docker_rule(door), said=(0, 1)).returncode == 0:
        _run(door.program, "-w", "-I" if opens else "-D", "DOCKER-USER", *_docker_rule(door))


def _docker_rule(door):
    """Its words, with a comment that tells whose it is before the verdict."""
    words = door.rule.split()
    return [*words[:-2], "-m", "comment", "--comment", MARK, *words[-2:]]


def _ufw_asks(door):
    if not deps.program(door.program):
        return True
    return any(line.partition(" comment ")[0] == f"ufw {door.rule}" for line in _run(door.program, "show", "added").stdout.splitlines())


def _ufw_turns(door, opens):
    words = door.rule.split()
    if opens:
        _run(door.program, *words, "comment", MARK)
    else:
        place = 1 if words[0] == "route" else 0
        _run(door.program, *words[:place], "delete", *words[place:])


def _firewalld_asks(door):
    """Both now and at its next start; of one that does not run the latter."""
    if not deps.program(door.program):
        return True
    words = door.rule.replace("--add-", "--query-").split()
    return all(_run(program, *more, *words, said=(0, 1)).returncode == 0 for program, more in _firewalld_places(door))


def _firewalld_turns(door, opens):
    words = (door.rule if opens else door.rule.replace("--add-", "--remove-")).split()
    for program, more in _firewalld_places(door):
        _run(program, *more, *words)


def _firewalld_places(door):
    """(program, words) of what it knows now, and of what it reads when it starts."""
    return ((door.program, ()), (door.program, ("--permanent",))) if _firewalld_runs() else (("firewall-offline-cmd", ()),)


def _firewalld_runs():
    return subprocess.run([deps.program("firewall-cmd"), "--state"], capture_output=True, check=False).returncode == 0


ASKS = {"docker": _docker_asks, "ufw": _ufw_asks, "firewalld": _firewalld_asks}
TURNS = {"docker": _docker_turns, "ufw": _ufw_turns, "firewalld": _firewalld_turns}


def _run(name, *words, said=(0,)):
    """What came of a program of a neighbour's. Raises BackendError where it fails, which is to end with none of the numbers ``said``."""
    done = subprocess.run([deps.program(name) or name, *words], capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C.UTF-8"})
    if done.returncode not in said:
        raise BackendError(f"{name} {' '.join(words)} failed: {(done.stderr or done.stdout).strip()}")
    return done
