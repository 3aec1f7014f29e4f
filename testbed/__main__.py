# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line: build, up, down, exec, reboot, inventory, list, clean, trial."""

from __future__ import annotations

import argparse
import json
import os
import sys

from . import claim, lab, root, topology, world
from .bed import BedError, need_root
from .trial import trial


def main():
    """``python3 -m testbed COMMAND``; returns the exit code."""
    arguments = parser().parse_args()
    try:
        need_root(f"python3 -m testbed {' '.join(sys.argv[1:])}")
        return arguments.act(arguments) or 0
    except BedError as err:
        print(f"testbed: {err}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def parser():
    """The commands and their options."""
    top = argparse.ArgumentParser(prog="python3 -m testbed", description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name, act, text):
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(act=act)
        return added

    build = command("build", lambda given: print(root.build(given.suite)), "build the hosts' root file system, and print its path")
    build.add_argument("--suite", default="bookworm", choices=sorted(root.SUITES))
    up = command("up", start, "start a lab")
    up.add_argument("lab")
    up.add_argument("--hosts", type=int, default=1)
    up.add_argument("--suite", default="bookworm", choices=sorted(root.SUITES))
    up.add_argument("--kind", default=topology.KINDS[0], choices=topology.KINDS, help="namespaces (the default), or virtual machines")
    up.add_argument("--topology", metavar="FILE", help="JSON that says which hosts there shall be, how wired, and where not as given of which suite and kind")
    up.add_argument("--keeper", type=int, metavar="PID", help="when this process has ended, clean takes the lab down")
    down = command("down", lambda given: claim.down(given.lab), "end a lab")
    down.add_argument("lab")
    execute = command("exec", run_inside, "run a command on a host of a lab, or in its world")
    execute.add_argument("lab")
    execute.add_argument("host", help="a host's name, or world")
    execute.add_argument("argv", nargs=argparse.REMAINDER)
    inventory = command("inventory", lambda given: print(json.dumps(lab.load(given.lab).inventory(given.by), indent=2)), "print a lab's Ansible inventory")
    inventory.add_argument("lab")
    inventory.add_argument("--by", metavar="NIC", help="reach machines from the world by the address of a NIC, not by the one that is there for that")
    command("list", lambda given: tell(claim.labs()), "list the labs")
    clean = command("clean", lambda given: tell(claim.clean(given.all)), "take down the labs that killed runs left, and print their names")
    clean.add_argument("--all", action="store_true", help="take down every lab")
    reboot = command("reboot", lambda given: host_of(given).reboot(clean=not given.cut), "boot a host that is a virtual machine from its disk, on or off")
    reboot.add_argument("lab")
    reboot.add_argument("host")
    reboot.add_argument("--cut", action="store_true", help="cut its power instead of shutting it down")
    command("trial", lambda given: trial(), "see that labs work on this machine")
    return top


def tell(names):
    """One name a line."""
    for name in names:
        print(name)


def start(given):
    """Start a lab, and let it stay."""
    plans = topology.read(given.topology, suite=given.suite, kind=given.kind) if given.topology else topology.plain(given.hosts, given.suite, given.kind)
    if given.lab in claim.labs():
        raise BedError(f"lab {given.lab} is there already: take it down first, with: python3 -m testbed down {given.lab}")
    try:
        lab.up(given.lab, plans=plans)
    except (BedError, KeyboardInterrupt):
        claim.down(given.lab)
        raise
    claim.keep(given.lab, given.keeper)


def host_of(given):
    """The virtual machine that a command names."""
    found = lab.load(given.lab).hosts.get(given.host)
    if found is None or found.KIND != "vm":
        raise BedError(f"host is {given.host!r}: must be a virtual machine of lab {given.lab}")
    return found


def run_inside(given):
    """Become the command, inside."""
    argv = given.argv[1:] if given.argv[:1] == ["--"] else given.argv
    if not argv:
        raise BedError("say what to run, such as: exec LAB host1 -- virsh net-list")
    found = lab.load(given.lab)
    if given.host == "world":
        words = world.argv(given.lab, *argv)
    elif given.host in found.hosts:
        words = found.hosts[given.host].argv(*argv)
    else:
        raise BedError(f"host is {given.host!r}: must be world or one of {', '.join(found.hosts)}")
    os.execvp(words[0], words)


if __name__ == "__main__":
    sys.exit(main())
