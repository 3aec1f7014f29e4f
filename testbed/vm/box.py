# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a program of the root that holds QEMU, with folders of this machine's bound into it; nothing of it stays mounted."""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from .. import cgroup, fabric, root
from ..bed import run
from ..host import CHECKOUT

LIBC = ctypes.CDLL(None, use_errno=True)
NEW_MOUNTS, NEW_NETWORK, PRIVATE = 0x00020000, 0x40000000, 0x40000 | 0x4000
TUNSETIFF, TAP = 0x400454CA, 0x0002 | 0x1000 | 0x4000  # IFF_TAP | IFF_NO_PI | IFF_VNET_HDR


class Cable(NamedTuple):
    """A tap of a machine's: its name, its segment, and the number of the file descriptor that the program finds it under."""

    port: str
    segment: str
    descriptor: int


def call(binds, *argv):
    """Run a program of QEMU's root to its end. ``binds`` are {folder there: folder here}. Raises BedError where it fails."""
    _start([], binds=binds, argv=argv)


def start(lab, name, binds, argv, cables, log):
    """Start a program in the control group of a lab's host and where the lab's segments are, and leave it running; its process id."""
    group = f"{lab}.{name}"
    spec = {"group": group, "lab": lab, "cables": cables, "log": str(log)}
    return int(_start(cgroup.delegated(group), binds=binds, argv=argv, **spec))


def _start(before, **spec):
    spec = {**spec, "root": str(root.build("qemu")), "binds": {there: str(here) for there, here in spec["binds"].items()}}
    return run(*before, sys.executable, "-m", "testbed.vm.box", json.dumps(spec), cwd=CHECKOUT, what=f"{spec['argv'][0]} in its root").stdout


def main():
    """``python3 -m testbed.vm.box SPEC``, where SPEC is JSON. Prints the process id of what it leaves running."""
    spec = json.loads(sys.argv[1])
    if "group" in spec:
        cgroup.enter(spec["group"])
        _enter_network(spec["lab"])
        for cable in spec["cables"]:
            _tap(Cable(*cable))
    log = os.open(spec["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND) if "log" in spec else None
    _enter_root(spec["root"], spec["binds"])
    if log is not None:
        child = os.fork()
        if child:
            print(child)
            return
        os.setsid()
        for number, target in ((os.open(os.devnull, os.O_RDONLY), 0), (log, 1), (log, 2)):
            os.dup2(number, target)
    os.execve(f"/usr/bin/{spec['argv'][0]}", spec["argv"], {"PATH": "/usr/bin:/bin"})


def _checked(result, what):
    if result:
        raise OSError(ctypes.get_errno(), what)


def _enter_network(lab):
    with open(f"/run/netns/{fabric.namespace(lab)}", encoding="ascii") as namespace:
        _checked(LIBC.setns(namespace.fileno(), NEW_NETWORK), "setns")


def _tap(cable):
    """Open a new tap under its number, and plug it in."""
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", cable.port.encode(), TAP))
    os.dup2(tap, cable.descriptor, inheritable=True)
    os.close(tap)
    subprocess.run(["ip", "link", "set", cable.port, "mtu", str(fabric.MTU), "master", cable.segment, "up"], check=True)


def _enter_root(top, binds):
    _checked(LIBC.unshare(NEW_MOUNTS), "unshare")
    _checked(LIBC.mount(b"none", b"/", None, PRIVATE, None), "mount private")
    for there, here in {"dev": "/dev", "proc": "/proc", **binds}.items():
        subprocess.run(["mount", "--rbind", here, str(Path(top, there))], check=True)
    os.chroot(top)
    os.chdir("/")


if __name__ == "__main__":
    main()
