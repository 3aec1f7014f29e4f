# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Echoes from where a probe is: whether they come back, by which routers they go, and how large they may be."""

from __future__ import annotations

import errno
import ipaddress
import secrets
import socket
import time

from ..codec import icmp
from ..model.probe import ALLOWED, SILENT
from .probe_wire import Complaints, refusal

#: bytes of an echo, and seconds until one that is lost is sent again
SIZE, AGAIN = 64, 1
#: routers on the way, and how many of them in a row may be silent
FARTHEST, SILENT_ONES = 30, 4
#: headers of IP, and the least MTU, by version
HEADER, LEAST = {4: 20, 6: 40}, {4: 68, 6: 1280}
#: setsockopt(2)'s words for the hops that a packet may take, and for not heeding what the kernel knows of a path's MTU, see ip(7)
HOPS = {4: (socket.IPPROTO_IP, socket.IP_TTL), 6: (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS)}
WHOLE = {4: ((socket.IPPROTO_IP, 10, 3),), 6: ((socket.IPPROTO_IPV6, 23, 3), (socket.IPPROTO_IPV6, 62, 1))}


def ping(address, seconds):
    """Whether an echo comes back."""
    version, number, begun, sent = ipaddress.ip_address(address).version, secrets.randbits(16), time.monotonic(), 0
    with Complaints(version) as own:
        while (left := begun + seconds - time.monotonic()) > 0:
            sent += 1
            heard = own.echo(address, number, sent, SIZE, min(AGAIN, left))
            if heard is not None and heard[0] is None:
                rtt = round(heard[2] * 1000, 2)
                lost = f", the first {sent - 1} of {sent} lost" if sent > 1 else ""
                return {"outcome": ALLOWED, "said": f"{address} answers after {rtt} ms{lost}", "rtt": rtt, "sent": sent}
            if heard is not None:
                return {**refusal(*heard[:2]), "sent": sent}
    return {"outcome": SILENT, "said": f"no answer to {sent} pings in {seconds} s", "sent": sent}


def trace(address, seconds):
    """The routers on the way: each says that an echo has gone as far as it may."""
    version, number, hops, patience = ipaddress.ip_address(address).version, secrets.randbits(16), [], min(1.0, seconds / 2)
    found = None
    with Complaints(version) as own:
        for hop in range(1, FARTHEST + 1):
            own.socket.setsockopt(*HOPS[version], hop)
            heard = own.echo(address, number, 2 * hop, SIZE, patience) or own.echo(address, number, 2 * hop + 1, SIZE, patience)
            hops.append({"hop": hop, "address": heard[1] if heard else "", "rtt": round(heard[2] * 1000, 2) if heard else None})
            if heard is not None and (heard[0] is None or heard[0].says != icmp.EXCEEDED):
                found = {"outcome": ALLOWED, "said": f"{address} is reached with hop {hop}"} if heard[0] is None else refusal(*heard[:2])
                break
            if not any(each["address"] for each in hops[-SILENT_ONES:]) and hop >= SILENT_ONES:
                break
    last = next((each for each in reversed(hops) if each["address"]), None)
    if found is None:
        said = f"nobody answers beyond {last['address']}, hop {last['hop']}" if last else "nobody answers, not even at the first hop"
        found = {"outcome": SILENT, "said": said}
    ways = ", ".join(each["address"] or "*" for each in hops)
    return {**found, "said": f"{found['said']} ({ways})", "hops": hops, "values": [each["address"] for each in hops if each["address"]]}


def width(address, mtu, seconds):
    """The path MTU: the largest packet that comes back whole."""
    version, number = ipaddress.ip_address(address).version, secrets.randbits(16)
    with Complaints(version) as own:
        for option in WHOLE[version]:
            own.socket.setsockopt(*option)
        sequence = iter(range(1, 65536))

        def tried(size, patience, times=2):
            """What became of a packet of so many bytes with all headers, or None."""
            try:
                found = (own.echo(address, number, next(sequence), size - HEADER[version], patience) for unused in range(times))
                return next(filter(None, found), None)
            except OSError as err:
                if err.errno != errno.EMSGSIZE:
                    raise
                return icmp.Complaint(icmp.TOO_BIG, None, 0, address, b""), "the probe itself", 0

        first = tried(LEAST[version], min(1.0, seconds / 2), max(2, seconds))
        if first is None:
            return {"outcome": SILENT, "said": f"no answer to small packets in {seconds} s"}
        if first[0] is not None:
            return refusal(*first[:2])
        patience = max(0.3, 4 * first[2])
        low, high, by = LEAST[version], mtu, ""
        lost, seeking, size = False, False, mtu
        while low < size:
            heard = tried(size, patience)
            if heard is not None and heard[0] is None:
                low = size
            elif heard is not None and heard[0].says == icmp.TOO_BIG and low <= (heard[0].mtu or 0) < size:
                by, high = heard[1], heard[0].mtu
                size = high
                continue
            elif heard is not None and heard[0].says != icmp.TOO_BIG:
                return refusal(*heard[:2])
            else:
                lost, seeking, high = lost or heard is None, True, size - 1
            size = (low + high + 1) // 2 if seeking else high
    said = f"{low} bytes get there and back whole"
    said += f"; {by} says so" if by else ""
    said += "; somebody on the way loses larger ones without a word" if lost else ""
    return {"outcome": ALLOWED, "said": said, "mtu": low, "by": by, "lost": lost, "values": [str(low)]}
