# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel has of a network: its bridge, the bridge's ports, and what libvirt put beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

#: kinds of devices that take what comes in by the device below them
RIDERS = ("macvlan", "macvtap", "ipvlan", "ipvtap")


@dataclass(frozen=True)
class Port:
    """A device on a bridge.

    ``mtu`` and ``up`` None are whatever it has. ``settings`` are pairs of ip(8)'s name for a setting of bridge_slave and its value, ``vlans`` triples of first
    and last number and their flags in bridge(8)'s words, ``macs`` pairs of address and state, the port's entries in the table of a bridge that
    is not to learn them: those that are known.
    """

    name: str
    mtu: Optional[int] = None
    settings: tuple = ()
    vlans: tuple = ()
    macs: tuple = ()
    up: Optional[bool] = None

    def holds(self, wanted):
        """True where this, a port as it is, has all that ``wanted`` says."""
        return not self.lacks(wanted, wanted)

    def lacks(self, wanted, shown):
        """What ``wanted`` says and this, a port as it is, has not: a dict with the values that ``shown``, either of the two, has."""
        lists = [] if set(wanted.macs) <= set(self.macs) else ["macs"]
        lists += ["vlans"] if wanted.vlans and set(wanted.vlans) != set(self.vlans) else []
        settings = [name for name, value in wanted.settings if dict(self.settings).get(name) != value]
        own = {"mtu": shown.mtu} if wanted.mtu not in (None, self.mtu) else {}
        own.update({"up": bool(shown.up)} if wanted.up and not self.up else {})
        return {**own, **{name: dict(shown.settings).get(name) for name in settings}, **{name: list(getattr(shown, name)) for name in lists}}


#: a network's rules in the firewall: as libvirt put them; without rules, which the daemon puts back when it reloads; without the chains that
#: these are in, or without the rules that lead to those chains, which the daemon makes when it starts
IN_PLACE, RULES_LOST, CHAINS_LOST = "in place", "rules lost", "chains lost"


@dataclass(frozen=True)
class Kernel:
    """A network's bridge in the kernel: missing, down or up; its addresses (CIDR), ports, its rules, and whether its dnsmasq is alive if it has one.

    Of a target, ``off`` are names of devices that are not to be its ports.
    """

    bridge: str
    addresses: frozenset = frozenset()
    ports: tuple = ()
    firewall: str = IN_PLACE
    dnsmasq: bool = True
    off: tuple = ()

    def port(self, name):
        """The port of that name, or None."""
        return next((port for port in self.ports if port.name == name), None)
