# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Doors of other programs on a host: which are open, opening them, and closing them again; by these programs alone, so that they last as theirs do.

A neighbour whose program is not there has no doors: it drops nothing either.
"""

from __future__ import annotations

import os
import shlex
import subprocess

from .. import deps
from ..errors import BackendError
from ..model.door import ZONE

#: what tells rules of ours from others in what these programs show
MARK = "virtlab"


def shut(doors):
    """Those of some Doors that are recorded, and not open any more."""
    return tuple(door for door in doors if deps.program(door.program) and not all(ASKS[door.neighbour](door, rule) for rule in door.rules))


def rehearse(door):
    """Raise BackendError where a Door could be opened only at somebody else's cost."""
    if deps.program(door.program):
        REHEARSALS.get(door.neighbour, lambda door: None)(door)


def turn(door, opens, kept=frozenset()):
    """Open a Door, or close it: those of its rules that are not so yet, but for those, (program, rule), that are ``kept`` for others."""
    for rule in door.rules if deps.program(door.program) else ():
        if (door.program, rule) not in kept:
            TURNS[door.neighbour](door, rule, opens)


def _docker_asks(door, rule):
    """Whether a rule is there; DOCKER-USER is from Docker's first start on, until the next boot, and where it is not there is nothing to be open."""
    shown = _run(door.program, "-w", "-S", "DOCKER-USER", said=(0, 1))
    return shown.returncode == 1 or _docker_words(rule) in [shlex.split(line)[2:] for line in shown.stdout.splitlines()]


def _docker_turns(door, rule, opens):
    words = _docker_words(rule)
    found = _run(door.program, "-w", "-C", "DOCKER-USER", *words, said=(0, 1)).returncode == 0
    if opens and not found:
        _run(door.program, "-w", "-I", "DOCKER-USER", *words)
    while found and not opens:
        found = _run(door.program, "-w", "-D", "DOCKER-USER", *words, said=(0, 1)).returncode == 0


def _docker_words(rule):
    """A rule's words, with a comment that tells whose it is before the verdict."""
    words = rule.split()
    return [*words[:-2], "-m", "comment", "--comment", MARK, *words[-2:]]


def _ufw_rules(door):
    """[(words, comment)] of all rules that ufw was told."""
    lines = [line.partition(" comment ") for line in _run(door.program, "show", "added").stdout.splitlines() if line.startswith("ufw ")]
    return [(rule.split()[1:], comment.strip("'")) for rule, unused, comment in lines]


def _ufw_asks(door, rule):
    return rule.split() in [words for words, unused in _ufw_rules(door)]


def _ufw_rehearses(door):
    """ufw has one rule about the same, which the next would take the place of."""
    for rule in door.rules:
        wanted = rule.split()
        place = wanted.index("allow")
        for words in (words for words, unused in _ufw_rules(door)):
            if words != wanted and len(words) > place and [*words[:place], "allow", *words[place + 1:]] == wanted:
                raise BackendError(f"ufw was told by somebody: ufw {' '.join(words)}; coexist does not change that: remove it, or leave coexist out")


def _ufw_turns(door, rule, opens):
    words = rule.split()
    held = [comment for each, comment in _ufw_rules(door) if each == words]
    if opens and not held:
        _run(door.program, *words, "comment", MARK)
    elif not opens and MARK in held:
        place = 1 if words[0] == "route" else 0
        _run(door.program, *words[:place], "delete", *words[place:])


def _firewalld_asks(door, rule):
    """Both now and at its next start; of one that does not run the latter."""
    words = rule.replace("--add-", "--query-").split()
    return all(_run(program, *more, *words, said=(0, 1)).returncode == 0 for program, more in _firewalld_places(door))


def _firewalld_rehearses(door):
    """A device is of one zone."""
    for program, more in _firewalld_places(door):
        said = _run(program, *more, f"--get-zone-of-interface={door.bridge}", said=(0, 2))
        zone = said.stdout.strip()
        if said.returncode == 0 and zone != ZONE:
            raise BackendError(f"firewalld has {door.bridge} in zone {zone}, which drops packets of its guests, and coexist moves no device that somebody "
                               f"gave a zone: take it out of there (firewall-cmd --permanent --zone={zone} --remove-interface={door.bridge}; firewall-cmd "
                               "--reload), or leave coexist out and have that zone let them pass")


def _firewalld_turns(door, rule, opens):
    ask, tell = (rule.replace("--add-", verb).split() for verb in ("--query-", "--add-" if opens else "--remove-"))
    for program, more in _firewalld_places(door):
        if (_run(program, *more, *ask, said=(0, 1)).returncode == 0) != opens:
            _run(program, *more, *tell)


def _firewalld_places(door):
    """(program, words) of what it knows now, and of what it reads when it starts."""
    runs = subprocess.run([deps.program(door.program), "--state"], capture_output=True, check=False).returncode == 0
    return ((door.program, ()), (door.program, ("--permanent",))) if runs else (("firewall-offline-cmd", ()),)


ASKS = {"docker": _docker_asks, "ufw": _ufw_asks, "firewalld": _firewalld_asks}
TURNS = {"docker": _docker_turns, "ufw": _ufw_turns, "firewalld": _firewalld_turns}
REHEARSALS = {"ufw": _ufw_rehearses, "firewalld": _firewalld_rehearses}


def _run(name, *words, said=(0,)):
    """What came of a program of a neighbour's. Raises BackendError where it fails, which is to end with none of the numbers ``said``."""
    done = subprocess.run([deps.program(name) or name, *words], capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C.UTF-8"})
    if done.returncode not in said:
        raise BackendError(f"{name} {' '.join(words)} failed: {(done.stderr or done.stdout).strip()}")
    return done
