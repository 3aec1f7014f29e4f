# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of DHCP and DHCPv6 in the probe's namespace: takes leases, and gives them back."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time

from ..codec import dhcp, lease
from ..codec.plug_words import NIC

#: linux/if_ether.h
ETH_P_IP = 0x0800
#: seconds until who has not answered is asked again: dnsmasq looks for three whether an address is free
AGAIN = 3
#: seconds in which a server takes note of a lease of IPv6 that is given back
RELEASING = 1


class Clients:
    """One client of each family; a context manager, at whose end nothing is kept."""

    def __init__(self, mac, seconds):
        self.mac, self.seconds = bytes.fromhex(mac.replace(":", "")), seconds
        self.held = {}

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.release()

    def take4(self):
        """(the Answer that is a lease, or None; why there is none; the seconds that it took)."""
        number, begun = os.urandom(4), time.monotonic()
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as own:
            own.bind((NIC, ETH_P_IP))

            def turn(offered, kinds):
                end, again = begun + self.seconds, 0
                while (now := time.monotonic()) < end:
                    if now >= again:
                        again = now + AGAIN
                        own.send(lease.ask(self.mac, number, offered))
                    if select.select([own], [], [], min(end, again) - now)[0]:
                        frame, sender = own.recvfrom(65535)
                        answer = lease.answered(frame, self.mac, number) if sender[2] != socket.PACKET_OUTGOING else None
                        if answer is not None and answer.kind in kinds:
                            return answer
                return None

            offered = turn(None, (lease.OFFER,))
            if offered is None:
                return None, f"no server of DHCP offered anything in {self.seconds} s", self._since(begun)
            self.held["ipv4"] = (number, offered)  # the server holds it before this hears of it
            answer = turn(offered, (lease.ACK, lease.NAK))
        if answer is None or answer.kind == lease.NAK:
            why = f"({answer.says or 'without a reason'})" if answer else f"within {self.seconds} s"
            return None, f"{offered.server} offered {offered.address} and then did not give it {why}", self._since(begun)
        self.held["ipv4"] = (number, answer)
        return answer, "", self._since(begun)

    @staticmethod
    def _since(begun):
        return round(time.monotonic() - begun, 2)

    def take6(self):
        """The same of DHCPv6."""
        number, begun, refused = os.urandom(3), time.monotonic(), None
        with self._socket6() as own:
            offered = answer = None
            end, again = begun + self.seconds, 0
            while answer is None and (now := time.monotonic()) < end:
                if now >= again:
                    again = now + (1 if offered else AGAIN) if self._send6(own, lease.ask6(self.mac, number, offered)) else now + 0.2
                found = self._heard6(own, number, min(end, again) - now)
                if found is None:
                    continue
                if not found.address:
                    refused = found
                elif found.kind == lease.ADVERTISE and offered is None:
                    offered, again, number = found, 0, os.urandom(3)
                    self.held["ipv6"] = (number, found)
                elif found.kind == lease.REPLY:
                    answer = found
        if answer is not None:
            self.held["ipv6"] = (number, answer)
            return answer, "", self._since(begun)
        if refused is not None:
            return None, f"{refused.server} has no address to give: {refused.says or 'it does not say why'}", self._since(begun)
        if offered is not None:
            return None, f"{offered.server} offered {offered.address} and then did not give it in {self.seconds} s", self._since(begun)
        return None, f"no server of DHCPv6 advertised anything in {self.seconds} s", self._since(begun)

    @staticmethod
    def _socket6():
        own = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        own.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, NIC.encode())
        own.bind(("::", dhcp.CLIENT6))
        return own

    @staticmethod
    def _send6(own, message):
        """False where the NIC has no address of its own yet."""
        try:
            own.sendto(message, (dhcp.written(dhcp.SERVERS6), dhcp.SERVER6, 0, socket.if_nametoindex(NIC)))
        except OSError:
            return False
        return True

    def _heard6(self, own, number, seconds):
        if not select.select([own], [], [], max(0, seconds))[0]:
            return None
        data, sender = own.recvfrom(65535)
        return lease.answered6(data, sender[0].partition("%")[0], self.mac, number)

    def release(self):
        """Give back what is held; the families of which it was."""
        given = []
        with contextlib.suppress(OSError):  # the NIC may be gone, or down
            if "ipv4" in self.held:
                number, answer = self.held.pop("ipv4")
                with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as own:
                    own.bind((NIC, 0))
                    own.send(lease.release(self.mac, os.urandom(4), answer))
                given.append("ipv4")
            if "ipv6" in self.held:
                unused, answer = self.held.pop("ipv6")
                number = os.urandom(3)
                with self._socket6() as own:
                    self._send6(own, lease.ask6(self.mac, number, answer, lease.RELEASE6))
                    if select.select([own], [], [], RELEASING)[0]:
                        given.append("ipv6")
        return given
