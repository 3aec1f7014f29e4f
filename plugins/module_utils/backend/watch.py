# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where packets come by on a host: a socket of packet(7) that hears all devices, and nftables' own trace of the rules.

The table that has nftables trace them is owned by the nft(8) that made it (``flags owner``): the kernel removes it with that process, which ends when its
input does. So nothing is left of it, whoever is killed.
"""

from __future__ import annotations

import array
import contextlib
import os
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

from .. import deps
from ..codec import flow, nft_trace
from .waiting import until

SYSFS = Path("/sys/class/net")
#: linux/if_ether.h, asm-generic/socket.h, linux/netlink.h, linux/netfilter/nfnetlink.h
ETH_P_ALL, SO_ATTACH_FILTER, NETLINK_NETFILTER, SOL_NETLINK, ADD_MEMBERSHIP, TRACE_GROUP = 0x0003, 26, 12, 270, 1, 9
#: bytes of a frame that tell all that is kept of it; sightings, and events of the trace, that are kept
SNAP, MOST = 200, 20000
#: room for what comes in while nobody reads, and seconds that nft(8) has to make or remove a table
ROOM, SECONDS = 4 * 1024 * 1024, 5


class Watch:
    """Watches some packets, (protocol, target, port), until it is asked what it saw. ``ports`` are {name of a port: the end that it is of}."""

    def __init__(self, flows, ports):
        self.flows, self.ports = flows, ports
        self.sightings, self.events, self.texts, self.ended, self.begun = {}, [], {}, False, time.monotonic()
        self.stack = contextlib.ExitStack()
        self.frames = self.stack.enter_context(_packets(flows))
        self.traces, self.table, self.deaf = None, "", ""
        try:
            self.traces = self.stack.enter_context(_netlink())
            self.table, self.deaf = _traced(flows, self.stack)
        except OSError as err:
            self.deaf = f"the kernel lets nobody hear of its traces: {err.strerror}"
        self.threads = [threading.Thread(target=self._run, args=(turn, end), daemon=True)
                        for turn, end in ((self._frame, self.frames), (self._event, self.traces)) if end is not None]
        for each in self.threads:
            each.start()

    def _run(self, turn, end):
        while not self.ended:
            with contextlib.suppress(TimeoutError, OSError):  # OSError: a device went, or more came in than there was room for
                turn(end)

    def _frame(self, end):
        frame, sender = end.recvfrom(SNAP)
        found = flow.framed(frame)
        if found is None or found.says == "goes on":
            return
        key = (sender[0], sender[2] == socket.PACKET_OUTGOING, found)
        if key not in self.sightings and len(self.sightings) < MOST:
            self.sightings[key] = time.monotonic() - self.begun

    def _event(self, end):
        for event in nft_trace.events(end.recv(65536)):
            if len(self.events) < MOST:
                self.events.append(event)

    def look(self):
        """What was seen, a dict of plain values; it watches no more. The rules are read before the table goes."""
        time.sleep(0.2)  # what is on its way from the kernel
        self.ended = True
        for each in self.threads:
            each.join()
        self.stack.close()
        meant = flow.meant({packet for unused, unused, packet in self.sightings}, self.flows)
        seen = [{**packet._asdict(), "device": device, "out": out, "at": round(at, 4), **self._place(device)}
                for (device, out, packet), at in self.sightings.items() if packet in meant]
        told = [each for each in nft_trace.packets(self.events, self.table) if each.packet.says != "goes on"]
        meant = flow.meant({each.packet for each in told}, self.flows)
        traced = [{**each.packet._asdict(), "hooks": list(each.hooks), "accepted": list(map(self._rule, each.accepted)),
                   "dropped": self._rule(each.dropped) if each.dropped else None} for each in dict.fromkeys(told) if each.packet in meant]
        return {"seen": seen, "traced": traced, "deaf": self.deaf}

    def _place(self, device):
        """What a device is on the way of a packet."""
        bridge = SYSFS / device / "master"
        return {
            "end": self.ports.get(device, ""), "kind": "bridge" if (SYSFS / device / "bridge").exists() else "device",
            "bridge": os.path.basename(os.path.realpath(bridge)) if bridge.exists() else "",
        }

    def _rule(self, event):
        """The rule, or the chain whose policy it was; its text as nft(8) prints it is '' where it is not found any more."""
        chain = (event.family, event.table, event.chain)
        if chain not in self.texts:
            done = subprocess.run([deps.program("nft"), "-a", "-s", "list", "chain", *chain], capture_output=True, text=True, check=False)
            self.texts[chain] = done.stdout
        text = f"policy {event.verdict}" if event.kind == "policy" else nft_trace.rule(self.texts[chain], event.handle)
        return {"family": event.family, "table": event.table, "chain": event.chain, "handle": event.handle, "text": text}


@contextlib.contextmanager
def _packets(flows):
    """A socket that hears all devices. What it hears before its filter is there is passed over by who reads it."""
    program = flow.watching(sorted({port for protocol, unused, port in flows if protocol == "udp"}))
    text = array.array("B", b"".join(struct.pack("=HBBI", *each) for each in program))
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)) as own:
        own.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", len(program), text.buffer_info()[0]))
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)
        own.settimeout(0.2)
        yield own


@contextlib.contextmanager
def _netlink():
    """A socket that hears of traces."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as own:
        own.bind((0, 0))
        own.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, TRACE_GROUP)
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)
        own.settimeout(0.2)
        yield own


def _traced(flows, stack):
    """(name of the table that has packets traced, why there is none) for as long as ``stack`` is not left."""
    program = deps.program("nft")
    if program is None:
        return "", "the host has no nft(8) (package nftables), which would have them traced"
    name = f"virtlab_watch_{os.getpid()}"
    said = os.memfd_create("said")
    stack.callback(os.close, said)
    process = stack.enter_context(_Owner(program, said))
    process.stdin.write(nft_trace.table(name, flows).encode("ascii"))
    process.stdin.flush()
    until(lambda: process.poll() is not None or _last(program, name), SECONDS)
    if process.poll() is not None or not _last(program, name):
        words = os.pread(said, 400, 0).decode("utf-8", "replace").strip()
        return "", f"nft(8) or the kernel has no table that goes with its owner (since Linux 5.12): {words}"
    return name, ""


def _last(program, name):
    """True once the last that was asked for is there."""
    done = subprocess.run([program, "list", "chain", nft_trace.TRACING[-1], name, nft_trace.HOOKS[-1]], capture_output=True, text=True, check=False)
    return done.returncode == 0 and "jump flows" in done.stdout


class _Owner(subprocess.Popen):
    """The nft(8) that a table belongs to, which is told line by line and ends when nobody tells it any more."""

    def __init__(self, program, said):
        super().__init__([program, "-i"], stdin=subprocess.PIPE, stdout=said, stderr=said, env={**os.environ, "LC_ALL": "C.UTF-8"})

    def __exit__(self, *error):
        with contextlib.suppress(BrokenPipeError):
            self.stdin.close()
        try:
            self.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            self.wait()
