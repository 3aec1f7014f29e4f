# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of a probe, made where it is: each finds what becomes of a question, and says so in words and facts."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import select
import socket
import time

from ..codec import icmp
from ..model.probe import ALLOWED, FAMILIES, GATEWAY, REJECTED, SILENT, UNROUTABLE
from .probe_names import Names
from .probe_ways import ping, trace, width
from .probe_wire import Complaints, refusal, sockaddr, unsent

#: how another probe answers
ANSWER = re.compile(r"virtlab-probe (\S+) heard (\S+) (\d+)")
#: seconds until a datagram is sent again, and that one who has been connected to has for its first words
AGAIN, WORDS, TEXT = 1, 0.3, 200
#: what is sent where only a proper question is answered, around a few bytes of the asker's own: to name servers (which version they are, CHAOS's TXT of
#: version.bind, which each answers or refuses by itself, whatever became of those that it asks) and time servers
QUESTIONS = {53: (b"", 2, bytes.fromhex("01000001000000000000") + b"\7version\4bind\0" + bytes.fromhex("00100003")), 123: (b"\x23" + bytes(3), 8, bytes(36))}


class Checks:
    """Makes checks for a probe that knows these gateways ({version of IP: address}), name servers and domain.

    ``mtu`` is its NIC's, ``versions`` are those of IP that it has addresses of.
    """

    def __init__(self, gateways, nameservers, domain, mtu, versions):
        self.gateways, self.names, self.mtu = gateways, Names(nameservers, domain), mtu
        self.families = [family for family, version in FAMILIES.items() if version in versions] or list(FAMILIES)

    def make(self, check, seconds):
        """What becomes of a Check, a dict with its ``outcome`` and what is ``said`` of it."""
        if check.kind == "resolve":
            return self.names.resolve(check, seconds)
        address, why = self._address(check, seconds)
        if address is None:
            return {"outcome": UNROUTABLE, "said": why, **({"unresolved": True} if check.target != GATEWAY else {})}
        acts = {"ping": lambda: ping(address, seconds), "trace": lambda: trace(address, seconds), "mtu": lambda: width(address, self.mtu, seconds),
                "tcp": lambda: _tcp(address, check, seconds), "udp": lambda: _udp(address, check, seconds)}
        try:
            return {"address": address, **acts[check.kind]()}
        except OSError as err:  # nothing can be sent
            return {"address": address, **unsent(err, address)}

    def _address(self, check, seconds):
        """(the address to ask, why there is none)."""
        families = [check.family] if check.family else self.families
        if check.target == GATEWAY:
            found = next((self.gateways[FAMILIES[each]] for each in families if self.gateways.get(FAMILIES[each])), None)
            return found, f"the probe knows no gateway{f' of {check.family}' if check.family else ''}"
        try:
            return str(ipaddress.ip_address(check.target)), ""
        except ValueError:
            return self.names.address(check.target, families, seconds)


def _tcp(address, check, seconds):
    version = ipaddress.ip_address(address).version
    family = socket.AF_INET6 if version == 6 else socket.AF_INET
    with Complaints(version) as complaints, socket.socket(family, socket.SOCK_STREAM) as own:
        own.bind(("::" if version == 6 else "0.0.0.0", 0))
        own.settimeout(seconds)
        ports, begun = (own.getsockname()[1], check.port), time.monotonic()
        try:
            own.connect(sockaddr(address, check.port))
        except OSError as err:
            found = complaints.about(icmp.TCP, address, ports)
            if found is not None:
                return refusal(*found)
            if isinstance(err, ConnectionRefusedError):
                return {"outcome": REJECTED, "said": f"{address} resets the connection", "by": address, "why": "reset"}
            if isinstance(err, TimeoutError):
                return {"outcome": SILENT, "said": f"no answer in {seconds} s"}
            return unsent(err, address)
        rtt = round((time.monotonic() - begun) * 1000, 2)
        return {"outcome": ALLOWED, "said": f"{address} takes the connection, after {rtt} ms", "rtt": rtt, **_words(own, check)}


def _words(own, check):
    """The first words of who was connected to, if it has any."""
    own.settimeout(WORDS)
    try:
        if check.send:
            own.sendall(check.send.encode("utf-8") + b"\n")
        return _answer(own.recv(TEXT))
    except OSError:
        return {}


def _answer(data):
    """What was said, where that is text."""
    text = "" if b"\0" in data else "".join(letter if letter.isprintable() else " " for letter in data.decode("utf-8", "replace")).strip()
    found = ANSWER.search(text)
    return {**({"answer": text} if text else {}), **({"answered_by": found[1], "seen_as": found[2]} if found else {})}


def _question(port):
    """What tells it from others is within its first twelve bytes: as much as a trace of nftables shows."""
    if port not in QUESTIONS:
        return f"{os.urandom(6).hex()} virtlab-probe\n".encode("ascii")
    head, own, tail = QUESTIONS[port]
    return head + os.urandom(own) + tail


def _udp(address, check, seconds):
    version = ipaddress.ip_address(address).version
    family = socket.AF_INET6 if version == 6 else socket.AF_INET
    data = check.send.encode("utf-8") if check.send is not None else _question(check.port)
    with Complaints(version) as complaints, socket.socket(family, socket.SOCK_DGRAM) as own:
        own.connect(sockaddr(address, check.port))
        ports, begun = (own.getsockname()[1], check.port), time.monotonic()
        again, refused = begun, None
        while (now := time.monotonic()) < begun + seconds:
            if now >= again:
                again = now + AGAIN
                with contextlib.suppress(ConnectionRefusedError):  # of the datagram before
                    own.send(data)
            ready = select.select([own, complaints.socket], [], [], max(0, min(again, begun + seconds) - now))[0]
            if own in ready:
                try:
                    answer = own.recv(65535)
                except OSError as err:
                    refused = err
                else:
                    rtt = round((time.monotonic() - begun) * 1000, 2)
                    return {"outcome": ALLOWED, "said": f"{address} answers after {rtt} ms", "rtt": rtt, **_answer(answer[:TEXT])}
            found = complaints.about(icmp.UDP, address, ports)
            if found is not None:
                return refusal(*found)
            if refused is not None:
                return unsent(refused, address)
    return {"outcome": SILENT, "said": f"no answer in {seconds} s: it did not get through, or nobody answers there"}
