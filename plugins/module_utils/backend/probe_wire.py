# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Raw sockets of ICMP in a probe's namespace: who complains about what was sent."""

from __future__ import annotations

import errno
import ipaddress
import select
import socket
import time

from ..codec import icmp
from ..codec.plug_words import NIC
from ..model.probe import REJECTED, SILENT, UNROUTABLE

#: what there was no way for from the start, and what the kernel says where nobody has an address on the segment
NO_WAY = (errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EINVAL)
NOBODY = (errno.EHOSTUNREACH,)
#: the same as messages of ICMP have it, which the kernel sends to itself
LOOKED = ("host unreachable", "address unreachable")


def sockaddr(address, port=0):
    """Where a socket sends to; an address of the segment alone goes by the probe's NIC."""
    found = ipaddress.ip_address(address)
    if found.version == 4:
        return address, port
    return address, port, 0, socket.if_nametoindex(NIC) if found.is_link_local else 0


class Complaints:
    """A raw socket of ICMP; a context manager that closes it. It hears all that comes in, whoever is meant."""

    def __init__(self, version):
        self.version = version
        kind = (socket.AF_INET6, socket.IPPROTO_ICMPV6) if version == 6 else (socket.AF_INET, socket.IPPROTO_ICMP)
        self.socket = socket.socket(kind[0], socket.SOCK_RAW, kind[1])
        self.socket.setblocking(False)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.socket.close()

    def hear(self, seconds=0):
        """(a message, the address that it comes from), or None where none comes in time."""
        if not select.select([self.socket], [], [], max(0, seconds))[0]:
            return None
        try:
            data, sender = self.socket.recvfrom(65535)
        except BlockingIOError:  # what came was none
            return b"", ""
        return data, sender[0].partition("%")[0]

    def about(self, protocol, target, ports):
        """(the Complaint about a packet with these ports, who sends it), among what has come in, or None."""
        while (heard := self.hear()) is not None:
            found = icmp.complaint(self.version, heard[0])
            if found is not None and (found.protocol, found.target) == (protocol, target) and found.ports == ports and found.says != icmp.TOO_BIG:
                return found, heard[1]
        return None

    def echo(self, target, number, sequence, size, seconds):
        """(a Complaint, or None for an answer; who sends it; the seconds that it took) of an echo; None where nobody says anything in time."""
        begun = time.monotonic()
        self.socket.sendto(icmp.echo(self.version, number, sequence, size), sockaddr(target))
        while (left := begun + seconds - time.monotonic()) > 0:
            heard = self.hear(left)
            if heard is None:
                break
            data, sender = heard
            if icmp.echoed(self.version, data) == (number, sequence) and sender == target:
                return None, sender, time.monotonic() - begun
            found = icmp.complaint(self.version, data)
            if found is not None and found.protocol in (icmp.ICMP, icmp.ICMPV6) and found.target == target and found.echo == (number, sequence):
                return found, sender, time.monotonic() - begun
        return None


def unsent(err, address):
    """What becomes of a question that the kernel does not send."""
    if err.errno in NOBODY:
        return {"outcome": SILENT, "said": f"nobody on the segment answers for {address} (ARP, neighbour discovery), or for the router to it"}
    what = "the probe has no route to it, or no address of that family" if err.errno in NO_WAY else err.strerror
    return {"outcome": UNROUTABLE, "said": f"{address} cannot be sent to: {what}"}


def refusal(complaint, by):
    """What became of a question that somebody complained about. What the own kernel says of a neighbour that it looks for in vain is nobody's word."""
    if complaint.says in LOOKED and _own(by):
        return unsent(OSError(errno.EHOSTUNREACH, ""), complaint.target)
    return {"outcome": REJECTED, "said": f"{by} says: {complaint.says}", "by": by, "why": complaint.says}


def _own(address):
    """True for an address that a socket here can have."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as own:
        try:
            own.bind(sockaddr(address))
        except OSError:
            return False
        return True
