# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes in to a probe: frames that arrive at its NIC, and who asks on the ports that it answers on. A thread each, which ends with the process."""

from __future__ import annotations

import contextlib
import ipaddress
import selectors
import socket
import struct
import threading
import time

from ..codec import dhcp, frames, sight
from ..codec.plug_words import NIC
from ..errors import BackendError
from ..model.probe import TRANSPORTS

#: linux/if_ether.h, linux/if_packet.h
ETH_P_ALL, SOL_PACKET, PACKET_AUXDATA, VLAN_VALID = 0x0003, 263, 8, 0x10
#: bytes of a frame that tell all that is told of it; frames, and askers, of different kinds that are kept
SNAP, MOST = 600, 2000
#: seconds that one who asked may take, and what is kept of its words
PATIENCE, TEXT = 10, 200


class _Thread:
    """A context manager whose ``turn`` is called until it is left."""

    def __init__(self):
        self.selector, self.lock, self.ended = selectors.DefaultSelector(), threading.Lock(), False

    def __enter__(self):
        threading.Thread(target=self._run, daemon=True).start()
        return self

    def __exit__(self, *unused):
        self.ended = True

    def _run(self):
        while not self.ended:
            for ready in self.selector.select(0.5):
                with self.lock:
                    self.turn(ready[0])

    def turn(self, key):
        """Take in what a socket has."""
        raise NotImplementedError


class Capture(_Thread):
    """Counts the frames that arrive at the NIC, whomever they are for."""

    def __init__(self, mac):
        super().__init__()
        self.mac, self.begun, self.counts, self.advertised = mac, time.monotonic(), {}, {}
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.bind((NIC, ETH_P_ALL))
        self.socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self.selector.register(self.socket, selectors.EVENT_READ)

    def claim(self, *addresses):
        """Ask whether somebody has addresses (CIDR) that the probe has; who does will be heard."""
        own = bytes.fromhex(self.mac.replace(":", ""))
        for address in map(ipaddress.ip_interface, addresses):
            with contextlib.suppress(OSError):
                self.socket.send(frames.arp(own, address.packed) if address.version == 4 else frames.doubt(own, address.packed))

    def solicit(self):
        """Ask IPv6 routers to advertise themselves, to all: the switch may have lost what the kernel asked before it let frames pass."""
        with contextlib.suppress(OSError):
            self.socket.send(dhcp.solicitation(bytes.fromhex(self.mac.replace(":", ""))))

    def turn(self, key):
        """One frame."""
        try:
            frame, extra, unused, sender = key.fileobj.recvmsg(SNAP, 64)
        except OSError:  # the NIC went down; what comes when it is up again is told
            return
        if sender[2] == socket.PACKET_OUTGOING:
            return
        tags = [struct.unpack("=IIIHHHH", data[:20]) for level, kind, data in extra if (level, kind) == (SOL_PACKET, PACKET_AUXDATA)]
        seen = sight.seen(frame, next((tag[5] & 0xFFF for tag in tags if tag[0] & VLAN_VALID), None))
        if seen is None or seen not in self.counts and len(self.counts) >= MOST:
            return
        count, first = self.counts.get(seen, (0, time.monotonic() - self.begun))
        self.counts[seen] = (count + 1, first)
        router = sight.advertisement(frame) if "router" in seen.protocols else None
        if router is not None:
            self.advertised[router["address"]] = router

    def arrived(self):
        """What arrived, dicts in the order in which each kind of frame did first."""
        with self.lock:
            found = list(self.counts.items())
        return [{**seen._asdict(), "protocols": list(seen.protocols), "count": count, "after": round(first, 2)} for seen, (count, first) in found]

    def routers(self):
        """What IPv6 routers advertise, dicts."""
        with self.lock:
            return list(self.advertised.values())

    def duplicates(self, own):
        """Others that say they have an address of the probe's."""
        with self.lock:
            found = {(seen.source, seen.mac) for seen in self.counts if seen.source in own and seen.mac != self.mac and seen.protocols[-1] in ("arp", "icmpv6")}
        return [{"address": address, "mac": mac} for address, mac in sorted(found)]


class Ears(_Thread):
    """Answers whoever asks on some ports, by both versions of IP, with the address that it is seen by."""

    def __init__(self, ears, mac):
        super().__init__()
        self.mac, self.asked = mac, {}
        for ear in ears:
            for protocol in [ear.protocol] if ear.protocol else TRANSPORTS:
                self._open(protocol, ear.port)

    def _open(self, protocol, port):
        own = socket.socket(socket.AF_INET6, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
        try:
            own.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            own.bind(("::", port))
            if protocol == "tcp":
                own.listen(64)
        except OSError as err:
            raise BackendError(f"the probe cannot listen on port {port} of {protocol}: {err.strerror}") from err
        own.setblocking(False)
        self.selector.register(own, selectors.EVENT_READ, (protocol, port))

    def turn(self, key):
        """Somebody who asks, or what one says who has connected."""
        with contextlib.suppress(OSError):  # it may be gone already
            if key.data is None:
                self._say(key.fileobj)
            elif key.data[0] == "tcp":
                own, peer = key.fileobj.accept()
                own.settimeout(PATIENCE)
                own.sendall(self._answer(*key.data, peer))
                own.shutdown(socket.SHUT_WR)
                own.setblocking(False)
                self.selector.register(own, selectors.EVENT_READ, None)
            else:
                text, peer = key.fileobj.recvfrom(TEXT)
                key.fileobj.sendto(self._answer(*key.data, peer, text), peer)

    def _say(self, own):
        """The other end has closed, or says something, which nobody reads."""
        try:
            said = own.recv(65536)
        except OSError:
            said = b""
        if not said:
            self.selector.unregister(own)
            own.close()

    def _answer(self, protocol, port, peer, text=b""):
        address = peer[0].partition("%")[0]
        address = address[7:] if address.startswith("::ffff:") else address
        who = (protocol, port, address)
        if who in self.asked or len(self.asked) < MOST:
            count, said = self.asked.get(who, (0, text))
            self.asked[who] = (count + 1, said)
        return f"virtlab-probe {self.mac} heard {address} {peer[1]}\n".encode("ascii")

    def heard(self):
        """Who asked, dicts."""
        with self.lock:
            found = list(self.asked.items())
        return [{"protocol": protocol, "port": port, "address": address, "count": count, "said": said.decode("utf-8", "replace")}
                for (protocol, port, address), (count, said) in found]
