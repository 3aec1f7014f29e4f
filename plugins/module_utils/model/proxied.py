# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel is told so that guests have addresses out of a subnet of the host's own NIC, and no frame of theirs leaves by it."""

from __future__ import annotations

from typing import NamedTuple, Optional

from .network import interfaces

#: settings of sysctl(8) by version of IP, of a device (None is the network's bridge): the bridge answers ARP for whatever is routed elsewhere; entries of
#: proxies are heeded by NDP, in requests to all and to one; and they outlive a loss of the NIC's carrier, which takes them with it on kernels before 6.17
#: unless such a setting, of 5.16 and later, says otherwise
SETTINGS = {
    4: (("bridge", "proxy_arp", 1), ("dev", "arp_evict_nocarrier", 0)),
    6: (("all", "proxy_ndp", 1), ("dev", "ndisc_evict_nocarrier", 0)),
}


class Entry(NamedTuple):
    """One thing that the kernel is told: a ``route`` to an address by the network's bridge, a ``proxy`` that answers for an address at a device, or a setting
    of a device, ``ipv4`` or ``ipv6``, with its name. ``dev`` None is the network's bridge.
    """

    kind: str
    name: str
    dev: Optional[str] = None
    value: Optional[int] = None

    def __str__(self):
        if self.kind in ("route", "proxy"):
            return f"{self.kind} {self.name}{f' dev {self.dev}' if self.dev else ''}"
        return f"{self.path('BRIDGE').replace('/', '.')}={self.value}"

    def path(self, bridge):
        """A setting's path below /proc/sys."""
        return f"net/{self.kind}/conf/{self.dev or bridge}/{self.name}"

    @property
    def stays(self):
        """True for what is not taken away: settings that others may rely on by now. Those of the bridge are nobody else's."""
        return self.kind not in ("route", "proxy") and self.dev is not None


def entries(proxied):
    """The Entries of a Proxied or None, in the order in which they are made: nobody is answered before the way is there."""
    if proxied is None or not proxied.dev:
        return ()
    addresses = [str(each.ip) for each in interfaces(proxied.addresses)]
    versions = sorted({6 if ":" in address else 4 for address in addresses})
    devices = {"bridge": None, "dev": proxied.dev}
    settings = [Entry(f"ipv{version}", name, devices.get(which, which), value) for version in versions for which, name, value in SETTINGS[version]]
    return (*(Entry("route", address) for address in addresses), *settings, *(Entry("proxy", address, proxied.dev) for address in addresses))


def there(found, names):
    """Those of some Entries whose device is among ``names``."""
    return frozenset(entry for entry in found if entry.dev in (None, "all") or entry.dev in names)
