# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, looked up from where a probe is at the name servers that it knows."""

from __future__ import annotations

import ipaddress
import secrets
import select
import socket
import struct
import time

from ..codec import dns, icmp
from ..model.probe import ALLOWED, REJECTED, SILENT, UNROUTABLE
from .probe_wire import Complaints, refusal, sockaddr, unsent

PORT = 53
#: seconds until a server is asked again
AGAIN = 1


class Names:
    """Asks some name servers, one after the other. Names without a dot are looked up in the domain first."""

    def __init__(self, servers, domain):
        self.servers, self.domain = servers, domain

    def address(self, name, families, seconds):
        """(the first address of a name among some families, why there is none)."""
        said = "the probe knows no name server"
        for family in families:
            found = self._look_up(name, [family], self.servers, seconds)
            if found.get("values"):
                return found["values"][0], ""
            said = found["said"]
        return None, f"{name} is not resolved: {said}"

    def resolve(self, check, seconds):
        """What becomes of a Check: all addresses of a name, or the names of an address."""
        return self._look_up(check.target, families(check), [check.server] if check.server else self.servers, seconds)

    def _look_up(self, name, wanted, servers, seconds):
        if not servers:
            return {"outcome": UNROUTABLE, "said": "the probe knows no name server"}
        names = [name] if dns.reverse(name) or "." in name or not self.domain else [f"{name}.{self.domain}", name]
        found = {"outcome": SILENT, "said": "nobody was asked"}
        for each in names:
            for server in servers:
                found = _asked(server, each, wanted, seconds)
                if found["outcome"] in (ALLOWED, REJECTED):
                    break
            if found["outcome"] == ALLOWED:
                break
        return found


def families(check):
    """The families that a Check is about: what it says, those of the addresses that it expects, or both."""
    if check.family:
        return [check.family]
    expected = []
    for value in check.expect or ():
        try:
            expected.append(f"ipv{ipaddress.ip_address(value).version}")
        except ValueError:
            continue
    return sorted(set(expected)) or ["ipv4", "ipv6"]


def _asked(server, name, wanted, seconds):
    """What a server says of a name."""
    values, codes, begun = [], [], time.monotonic()
    for kind in dict.fromkeys(dns.type_of(name, family) for family in wanted):
        try:
            question = dns.question(secrets.randbits(16), name, kind)
        except (ValueError, UnicodeError) as err:
            return {"outcome": UNROUTABLE, "said": str(err)}
        try:
            reply = _exchange(server, question, seconds)
        except OSError as err:
            return unsent(err, server)
        if isinstance(reply, dict):
            return reply
        values += reply.values
        codes += [reply.code] if reply.code else []
    took = round((time.monotonic() - begun) * 1000, 2)
    if values:
        return {"outcome": ALLOWED, "said": f"{server} says {', '.join(values)}", "by": server, "values": values, "asked": name, "rtt": took}
    why = codes[0] if codes else "no such record"
    return {"outcome": REJECTED, "said": f"{server} says of {name}: {why}", "by": server, "why": why, "values": [], "asked": name, "rtt": took}


def _exchange(server, question, seconds):
    """The Reply of a server, or a dict that says why there is none."""
    version = ipaddress.ip_address(server).version
    family = socket.AF_INET6 if version == 6 else socket.AF_INET
    with Complaints(version) as complaints, socket.socket(family, socket.SOCK_DGRAM) as own:
        own.connect(sockaddr(server, PORT))
        begun = time.monotonic()
        ports, again = (own.getsockname()[1], PORT), begun
        while (now := time.monotonic()) < begun + seconds:
            if now >= again:
                again = now + AGAIN
                own.send(question)
            ready = select.select([own, complaints.socket], [], [], max(0, min(again, begun + seconds) - now))[0]
            found = complaints.about(icmp.UDP, server, ports)
            if found is not None:
                return refusal(*found)
            reply = dns.reply(own.recv(65535), question) if own in ready else None
            if reply is not None:
                return _whole(server, question, seconds) or reply if reply.truncated else reply
    return {"outcome": SILENT, "said": f"name server {server} does not answer in {seconds} s"}


def _whole(server, question, seconds):
    """The Reply that is too long for a datagram, or None."""
    try:
        with socket.create_connection((server, PORT), seconds) as own, own.makefile("rb") as line:
            own.sendall(struct.pack("!H", len(question)) + question)
            size = int.from_bytes(line.read(2), "big")
            return dns.reply(line.read(size), question)
    except OSError:
        return None
