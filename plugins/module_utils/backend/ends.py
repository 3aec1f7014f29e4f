# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ends that stay: a process on the host that holds them, each in a process of its own as every probe is, and does what tasks ask of it over a socket.

The socket has a name that is no file (unix(7), abstract), so that nothing is left of it either. Who holds the ends goes by itself when nobody has asked
anything for a while, as where the controller died, and they go with it.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import traceback
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import BackendError, DependencyError, UnsupportedError, VirtNetError
from ..model.plug import BRIDGE
from . import iproute, probe_home, probe_within
from .probe import Line, Process, need_root
from .waiting import until
from .watch import Watch

#: what becomes of checks whose end was lost
LOST = "lost"
NAME = "\0virtlab.network/ends/"
SOCKETS = Path("/proc/net/unix")
#: seconds that a process has to end, once it is told to
ENDING = 10
#: seconds in which the kernel is done with doubting an address
DOUBTING = 5


class Member(NamedTuple):
    """An End that stands: where it is plugged in (a Plug), what it asks for there (an Asking), and its MAC address."""

    end: Any
    plug: Any
    asking: Any
    mac: str


def stand(run, members, seconds):
    """{name: what each found of where it is, or the ``problem``} of Members, which stay. Those of the same run before them have left."""
    need_root()
    leave(run)
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        ours.close()
        _alone(theirs, run, members, seconds)
    theirs.close()
    with Line(ours) as line:
        said = line.hear()
    return _answer(said, run)["ends"]


def ask(run, what):
    """What those of a run answer to a dict."""
    need_root()
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as own:
        try:
            own.connect(NAME + run)
        except ConnectionRefusedError:
            raise BackendError(f"no ends of run {run} are on this host (any more): they leave when nobody has asked anything of them for a while, "
                               "which seconds tells, or when they are told to") from None
        with Line(own) as line:
            line.say(what)
            return _answer(line.hear(), run)


def leave(run):
    """Have those of a run leave; True where some were there."""
    try:
        ask(run, {"leave": True})
    except BackendError:
        return False
    until(lambda: not _there(run), ENDING)
    return True


def _there(run):
    """True until the last of them is gone: they all have the socket."""
    return any(line.endswith(f" {NAME.replace(chr(0), '@')}{run}") for line in SOCKETS.read_text(encoding="utf-8", errors="replace").splitlines())


def _answer(said, run):
    if "crash" in said:
        raise RuntimeError(said["crash"])
    if "error" in said:
        raise BackendError(said["error"])
    if not said:
        raise BackendError(f"the process that holds the ends of run {run} ended before it was done; they are gone with it")
    return said


def _alone(end, run, members, seconds):
    """The life of the process that holds them. Who waits for the module's output waits for nobody else."""
    os.setsid()
    quiet = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(quiet, number)
    try:
        with contextlib.ExitStack() as stack:
            with Line(end) as line:
                held, server = _told(line, lambda: _held(run, members, stack))[1]
            while select.select([server], [], [], seconds)[0] and _served(server, held):
                pass
    finally:
        os._exit(0)


def _held(run, members, stack):
    """(what is told of them, (the ends, the socket that they are asked by))."""
    server = stack.enter_context(contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)))
    try:
        server.bind(NAME + run)
    except OSError as err:
        raise BackendError(f"other ends of run {run} are on this host and do not leave ({err.strerror}): give this run another word") from err
    server.listen(4)
    held = _Held(members, stack)
    return {"ends": held.settle()}, (held, server)


def _served(server, held):
    """Answer one who asks, if it is root; False where they are to leave."""
    own = server.accept()[0]
    with Line(own) as line:
        uid = struct.unpack("3i", own.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
        asked = line.hear() if uid == 0 else {}
        if "leave" in asked:
            line.say({"left": True})
            return False
        if asked:
            with contextlib.suppress(BackendError, DependencyError, UnsupportedError):  # it was told, and others may ask for something else
                _told(line, lambda: (held.answer(asked), None))
    return True


def _told(line, act):
    """What ``act()`` returns; the first of it, or what goes wrong, is told to who waits for an answer."""
    said = None
    try:
        result = act()
        said = result[0]
        return result
    except VirtNetError as err:
        said = {"error": str(err)}
        raise
    finally:
        line.say(said or {"crash": traceback.format_exc()})


def _doubting(device):
    """True while a device has addresses that it is not yet sure to be alone with."""
    return any(each.get("addr_info") for each in iproute.read("ip", "-6", "address", "show", "dev", device, "tentative"))


class _Held:
    """The ends. Their processes are all made before any thread is, by the thread that stays."""

    def __init__(self, members, stack):
        self.members, self.homes, self.processes, self.watch = {each.end.name: each for each in members}, {}, {}, None
        for name, each in self.members.items():
            if not each.end.host:
                self.processes[name] = Process(lambda side, each=each: probe_within.stand(each.end, each.asking, each.mac, side))
                stack.callback(self.processes[name].end)

    def settle(self):
        """{name: what each found, or the ``problem``}, all at the same time. A bridge that had no port before doubts its own addresses of IPv6 first, and what
        is asked meanwhile would be refused for no reason that lasts.
        """
        found = dict(zip(self.members, probe_within.at_once(self._settled, list(self.members.values()))))
        bridges = {each.plug.device for each in self.members.values() if each.plug.switch == BRIDGE}
        until(lambda: not any(map(_doubting, bridges)), DOUBTING)
        return found

    def _settled(self, member):
        try:
            if member.end.host:
                home = self.homes[member.end.name] = probe_home.Home()
                return {**home.facts(), "port": ""}
            process = self.processes[member.end.name]
            process.plug(member.plug, member.mac)
            return {**process.hear("turn"), "port": process.port}
        except VirtNetError as err:
            return {"problem": str(err)}

    def answer(self, asked):
        """What became of checks, what is watched, or what was seen."""
        if "watch" in asked:
            self._unwatch()
            self.watch = Watch([tuple(each) for each in asked["watch"]], {each.port: name for name, each in self.processes.items() if each.port})
            return {"watching": True, "deaf": self.watch.deaf}
        if "look" in asked:
            return self._unwatch()
        unknown = next((name for name in asked["checks"] if name not in self.members), None)
        if unknown is not None:
            raise BackendError(f"end {unknown!r} is none of those that are here and ask: {', '.join(self.members) or 'there are none'}")
        chosen = list(asked["checks"].items())
        every = probe_within.at_once(lambda pair: self._checked(*pair, asked), chosen)
        return {"checks": {name: found for (name, unused), found in zip(chosen, every)}}

    def _unwatch(self):
        watch, self.watch = self.watch, None
        return watch.look() if watch else {"seen": [], "traced": [], "deaf": "nothing was watched"}

    def _checked(self, name, checks, asked):
        what = {**asked, "checks": checks}
        try:
            return probe_within.asking_all(self.homes[name].checks(), what) if name in self.homes else self.processes[name].turn(what)
        except VirtNetError as err:  # the others' answers count all the same
            return [{"outcome": LOST, "said": str(err), "met": False, "tries": 0, "seconds": 0.0}] * len(checks)
