# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process in a network namespace of its own, which is plugged in where a guest would be.

The namespace has no name: it is there for as long as the process, and the process for as long as this one, whose death it does not survive. With the namespace
the kernel removes the NIC in it, and with that the other end of the cable. So nothing is left, whoever is killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import secrets
import signal
import socket
import time
import traceback
from pathlib import Path

from ..codec import plug_words
from ..errors import BackendError, UnsupportedError, VirtNetError
from ..model.plug import BRIDGE
from . import iproute, sysctl
from .waiting import until

#: linux/sched.h and linux/prctl.h
CLONE_NEWNET, PR_SET_PDEATHSIG = 0x40000000, 1
SYSFS = Path("/sys/class/net")
#: what the kernel says of a port that passes frames on (linux/if_bridge.h), and how long spanning tree makes one wait that is new, at the most
FORWARDING, LISTENING = "3", 65
#: seconds in which a process that is told to end gives its leases back
ENDING = 3


def random_mac():
    """A MAC address that is nobody's: locally administered, as those that QEMU's guests have."""
    return "52:54:00:" + ":".join(f"{each:02x}" for each in secrets.token_bytes(3))


def need_root():
    """Raise BackendError where this process may not do what a probe does."""
    if os.geteuid() != 0:
        raise BackendError("a probe makes a namespace and a port on a bridge, and hears ICMP, which takes root: run this task with become: true")


def live(plug, mac, work):
    """What ``work(side)`` returns in a namespace that is plugged in as a Plug says."""
    process = Process(work)
    try:
        process.plug(plug, mac)
        return {**process.hear("found"), "port": process.port}
    finally:
        process.end()


class Process:
    """A process in a namespace of its own, which does ``work(side)`` there, and dies with the thread that made it.

    ``side`` is its end of the way here: it calls side.ready() once its NIC is up, and waits in there for the switch; and side.turn(said) to tell something
    and hear what is asked of it next.
    """

    def __init__(self, work):
        need_root()
        ours, theirs = socket.socketpair()
        parent, self.child = os.getpid(), os.fork()
        if self.child == 0:
            ours.close()
            _within(theirs, parent, work)
        theirs.close()
        self.line, self.port = Line(ours), ""

    def plug(self, plug, mac):
        """Give it a NIC, and wait until the switch passes its frames on. ``port`` is then the name of the port, where the switch has one."""
        port = f"probe-{secrets.token_hex(4)}"
        self.hear("there")
        _plug(plug, port, mac, self.child)
        self.port = port if plug.switch == BRIDGE else ""
        self.line.say({"moved": "" if self.port else port})
        self.hear("up")
        begun = time.monotonic()
        if self.port:
            until(lambda: _passes(port), LISTENING)
        self.line.say({"waited": round(time.monotonic() - begun, 1)})

    def hear(self, word):
        """What it says next, which is to be a dict with this word."""
        return _hear(self.line, word, self.child)

    def turn(self, asked):
        """What it answers to a dict."""
        self.line.say(asked)
        return self.hear("turn")

    def end(self):
        """End it, once it has given back what it has."""
        self.line.close()
        _end(self.child)


def _passes(port):
    """True for a port that passes frames on, and for one that is gone, which is found out otherwise."""
    try:
        return (SYSFS / port / "brport" / "state").read_text(encoding="ascii").strip() == FORWARDING
    except FileNotFoundError:
        return True


def _plug(plug, port, mac, child):
    default = SYSFS / plug.device / "bridge" / "default_pvid"
    pvid = int(default.read_text(encoding="ascii")) if plug.vlan is not None else None
    for program, commands in plug_words.words(plug, port, mac, child, pvid):
        iproute.check((program, *words) for words in commands)
        iproute.batch(program, commands)
        if sysctl.read(quiet := f"net/ipv6/conf/{port}/disable_ipv6") == 0:  # else the port has an address, and says so to the probe
            sysctl.write(quiet, 1)


class Line:
    """One end of the way between the two processes: a dict at a time. What became of the other side is found by listening to it."""

    def __init__(self, end):
        self.end, self.reader = end, end.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        """Have no other side any more."""
        self.reader.close()
        self.end.close()

    def say(self, what):
        """Tell the other side, if it is there."""
        with contextlib.suppress(ConnectionError):
            self.end.sendall(json.dumps(what).encode("utf-8") + b"\n")

    def hear(self):
        """What the other side says next; {} where it has died."""
        said = b""
        with contextlib.suppress(ConnectionError):
            said = self.reader.readline()
        return json.loads(said) if said.endswith(b"\n") else {}


def _hear(line, word, child):
    """What the process says next, which is to be a dict with this word."""
    said = line.hear()
    if word in said:
        return said[word]
    if "error" in said:
        raise BackendError(said["error"])
    if "crash" in said:
        raise RuntimeError(said["crash"])
    until(lambda: _ended(child), ENDING)
    status = _ended(child)
    how = signal.Signals(status.si_status).name if status and status.si_code != os.CLD_EXITED else "itself"
    raise BackendError(f"the probe's process was ended by {how} before it was done; the kernel has removed its namespace and port")


def _end(child):
    """End the process, if it has not yet, and let it give back what it has."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, number)
        until(lambda: _ended(child), ENDING)
    os.waitpid(child, 0)


def _ended(child):
    """How the process ended, as waitid(2) tells it, or None."""
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT)


def _within(end, parent, work):
    """The process's life."""
    said = None
    try:
        with Line(end) as line:
            try:
                _enter(parent)
                line.say({"there": True})
                if moved := line.hear().get("moved"):
                    iproute.batch("ip", [("link", "set", "dev", moved, "name", plug_words.NIC)])
                said = {"found": work(_Side(line))}
            except VirtNetError as err:
                said = {"error": str(err)}
            finally:
                line.say(said or {"crash": traceback.format_exc()})
    finally:
        os._exit(0)


class _Side:
    """The process's end of the way."""

    def __init__(self, line):
        self.line = line

    def ready(self):
        """Tell that the NIC is up; what there was to wait for."""
        self.line.say({"up": True})
        return self.line.hear()

    def turn(self, said):
        """Tell something; what is asked next, {} where nobody asks any more."""
        self.line.say({"turn": said})
        return self.line.hear()


def _enter(parent):
    """Have a namespace of its own, and die with the process that it is for."""
    quiet = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):  # what it says there would be taken for the module's
        os.dup2(quiet, number)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) or os.getppid() != parent:
        raise BackendError("the probe's process cannot be bound to the one that it is for")
    if libc.unshare(CLONE_NEWNET):
        raise UnsupportedError(f"the kernel makes no network namespace: {os.strerror(ctypes.get_errno())}")
