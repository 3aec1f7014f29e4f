# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How whoever runs a task reaches the host."""

from __future__ import annotations

import ipaddress
from typing import NamedTuple, Optional

#: of the kernel's own route to the subnet of an address, by IP's version
CONNECTED = {4: 0, 6: 256}


class Access(NamedTuple):
    """The connection that a task came by, and what of the host carries it.

    ``client`` and ``server`` are the addresses of its two ends, ``devices`` the names of those that its packets come in by, the one of the route back first
    and what is below it later. ``dst`` is the subnet of the route back to the client, ``gateway`` its next hop, and ``metric`` its metric.
    Of each of ``groups`` any is enough: the ports of a bond, each a tuple of its name and of what is below it. ``port`` is that of the server.
    """

    client: str
    server: str
    devices: tuple
    dst: str
    gateway: Optional[str] = None
    metric: int = 0
    groups: tuple = ()
    port: Optional[int] = None

    def __str__(self):
        return f"from {self.client} to {self.server}, which comes in by {' on '.join(self.devices)}"

    def by_way_of(self, branch):
        """The same where one of a group, ``branch``, is needed, too."""
        return self._replace(devices=(*self.devices, *branch), groups=())

    @property
    def length(self):
        """Length of the prefix of the route back."""
        return length(self.dst)

    def covered_by(self, subnet):
        """True for a subnet (CIDR, or default) that the client's address is in."""
        return subnet == "default" or holds(subnet, self.client)

    @property
    def rank(self):
        """What the kernel chooses the route back for: of those to the client that with the highest rank."""
        return self.length, -self.metric

    def outranked_by(self, subnet):
        """True for the subnet (CIDR, or an address with its prefix) of a device's own address, where the kernel likes its route better than that back."""
        return self.covered_by(subnet) and (length(subnet), -CONNECTED[ipaddress.ip_network(subnet, strict=False).version]) > self.rank


def length(subnet):
    """Length of the prefix of a route's subnet (CIDR, or default)."""
    return 0 if subnet == "default" else ipaddress.ip_network(subnet, strict=False).prefixlen


def holds(subnet, address):
    """True for a subnet (CIDR, also an address in it with its prefix) that an address is in."""
    network, found = ipaddress.ip_network(subnet, strict=False), ipaddress.ip_address(address)
    return network.version == found.version and found in network
