# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever gives addresses on the segments that devices lead to, asked over packet(7) sockets. Nothing of a device changes for it, and nobody gets a lease."""

from __future__ import annotations

import array
import contextlib
import os
import selectors
import socket
import struct
import time
from pathlib import Path

from ..codec import dhcp, frames
from ..model.offer import Heard

SYSFS = Path("/sys/class/net")
#: dnsmasq pings an address for three seconds before it offers it; and once all have answered, for others to do so, as routers take half a second
SECONDS, GRACE = 4, 0.6
#: when those are asked again that have not answered
AGAIN = 1
#: more answers of one kind than a person reads
ENOUGH = 4
#: linux/if_ether.h, linux/if_packet.h, asm-generic/socket.h
ETH_P_ALL, PACKET_MULTICAST, SO_ATTACH_FILTER = 0x0003, 0, 26
SOL_PACKET, ADD_MEMBERSHIP = 263, 1
#: the answers, as bpf(4) has it: UDP to the ports 68 and 546, advertisements of routers, and who looks for a neighbour. A busy NIC has much else
FILTER = (
    (0x28, 0, 0, 12),
    (0x15, 0, 7, frames.IPV4), (0x30, 0, 0, 23), (0x15, 0, 15, frames.UDP), (0x28, 0, 0, 20), (0x45, 13, 0, frames.PART), (0xB1, 0, 0, 14),
    (0x48, 0, 0, 16), (0x15, 9, 10, dhcp.CLIENT),
    (0x15, 0, 9, frames.IPV6), (0x30, 0, 0, 20), (0x15, 0, 2, frames.UDP), (0x28, 0, 0, 56), (0x15, 4, 5, dhcp.CLIENT6),
    (0x15, 0, 4, frames.ICMPV6), (0x30, 0, 0, 54), (0x54, 0, 0, 0xFE), (0x15, 0, 1, dhcp.ROUTER),
    (0x06, 0, 0, 0x40000), (0x06, 0, 0, 0),
)


def ask(ports):
    """{name: Heard} for {name: families (4, 6)}, all at the same time: what is offered on the segment that each of these devices leads to."""
    with contextlib.ExitStack() as stack:
        lines = {name: _open(name, families, stack) for name, families in ports.items()}
        _listen([line for line in lines.values() if isinstance(line, _Line)])
    return {name: Heard(deaf=line) if isinstance(line, str) else Heard(tuple(line.offers), line.deaf) for name, line in lines.items()}


def _open(name, families, stack):
    """A _Line, or why there is none."""
    try:
        mac = bytes.fromhex((SYSFS / name / "address").read_text(encoding="ascii").strip().replace(":", ""))
        carrier = (SYSFS / name / "carrier").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return "is not there"
    except OSError:  # what the kernel answers for the carrier of a device that is down
        return "is down"
    if carrier != "1" or len(mac) != 6:
        return "has no carrier" if len(mac) == 6 else "is no Ethernet device"
    try:
        return stack.enter_context(contextlib.closing(_Line(name, mac, families)))
    except PermissionError:
        return "can be asked on by root alone (CAP_NET_RAW)"
    except OSError as err:
        return _failed(err)


class _Line:
    """A device, its socket and what came in by it."""

    def __init__(self, name, mac, families):
        self.client = dhcp.Client(mac, b"\x02" + os.urandom(5), os.urandom(4))
        self.families, self.offers, self.deaf = families, [], ""
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        try:
            self._bind(name)
        except OSError:
            self.socket.close()
            raise

    def _bind(self, name):
        """Hear nothing before the filter is there. Who is answered by IPv6 is looked for in a group, which the device is to hear for that long."""
        program = array.array("B", b"".join(struct.pack("=HBBI", *each) for each in FILTER))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", len(FILTER), program.buffer_info()[0]))
        self.socket.bind((name, ETH_P_ALL))
        self.socket.setblocking(False)
        if 6 in self.families:
            group = frames.group_mac(frames.solicited(self.client.address))
            self.socket.setsockopt(SOL_PACKET, ADD_MEMBERSHIP, struct.pack("iHH8s", socket.if_nametoindex(name), PACKET_MULTICAST, 6, group))

    def close(self):
        """The group goes with the socket."""
        self.socket.close()

    @property
    def answered(self):
        """The families whose DHCP servers have."""
        return {4 if each.by == "DHCP" else 6 for each in self.offers if each.by != "router"}

    @property
    def done(self):
        """True where there is nothing to wait for."""
        return bool(self.deaf) or self.answered >= set(self.families)

    def ask(self):
        """Ask those that have not answered."""
        for frame in dhcp.questions(self.client, set(self.families) - self.answered):
            self._send(frame)

    def _send(self, frame):
        with self._fails():
            self.socket.send(frame)

    def hear(self):
        """Take in what has come."""
        with self._fails():
            frame, address = self.socket.recvfrom(65535)
            if address[2] == socket.PACKET_OUTGOING:
                return
            answer = dhcp.neighbour(frame, self.client) if 6 in self.families else None
            if answer is not None:
                self._send(answer)
            found = dhcp.offer(frame, self.client, self.families)
            if found is not None and found not in self.offers and [each.by for each in self.offers].count(found.by) < ENOUGH:
                self.offers.append(found)

    @contextlib.contextmanager
    def _fails(self):
        """The device may go, or go down, meanwhile."""
        try:
            yield
        except BlockingIOError:
            pass
        except OSError as err:
            self.deaf = self.deaf or _failed(err)


def _failed(err):
    return f"could not be asked on ({err.strerror})"


def _listen(lines):
    with selectors.DefaultSelector() as selector:
        for line in lines:
            selector.register(line.socket, selectors.EVENT_READ, line)
            line.ask()
        now = time.monotonic()
        end, again = now + SECONDS, now + AGAIN
        while lines and now < end:
            for line in [key.data for key, unused in selector.select(max(0, min(end, again) - now))]:
                line.hear()
                if line.deaf:
                    selector.unregister(line.socket)
            now = time.monotonic()
            if now >= again:
                again = end
                for line in lines:
                    line.ask()
            if end > now + GRACE and all(line.done for line in lines):
                end = now + GRACE
