# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host: the backends of all families of resources over one connection to libvirt, which is opened where something first asks libvirt.

A backend is imported where something first asks for it.
"""

from __future__ import annotations

from functools import cached_property

from .libvirt import Libvirt


class Host:
    """The host that ``uri`` leads to; a context manager that closes what it opened."""

    def __init__(self, uri):
        self.libvirt = Libvirt(uri)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.libvirt.close()

    @cached_property
    def networks(self):
        """The backend of networks."""
        from .networks import Networks

        return Networks(self.libvirt)

    @cached_property
    def devices(self):
        """The backend of devices."""
        from .devices import Devices

        return Devices(self.libvirt, lambda: self.networks)

    @cached_property
    def interfaces(self):
        """The backend of guests' NICs."""
        from .interfaces import Interfaces

        return Interfaces(self.libvirt, self)

    @cached_property
    def guests(self):
        """The backend of guests."""
        from .guests import Guests

        return Guests(self.libvirt, self)

    @cached_property
    def ways(self):
        """The Accesses by which whoever asks reaches this host, or may do so."""
        from . import access

        return access.find(self.devices)

    @cached_property
    def tables(self):
        """{kind: the backend of its tables}."""
        from ..model.table import CLASSES
        from .nftables import Tables

        return {kind: Tables(kind, self) for kind in CLASSES}

    def of(self, family):
        """The backend of a family, which also is the context of its plans."""
        backends = {"network": lambda: self.networks, "link": lambda: self.devices, "interface": lambda: self.interfaces,
                    "guest": lambda: self.guests}
        return backends[family]() if family in backends else self.tables[family]

    def observe(self, ids):
        """{(family, name): state or None} of the resources of these ids."""
        found = {}
        for family in dict.fromkeys(family for family, unused in ids):
            states = self.of(family).observe([name for each, name in ids if each == family])
            found.update({(family, name): state for name, state in states.items()})
        return found

    def marked(self, lab):
        """Yield (family, name, state) of whatever bears the mark of a lab."""
        for name, state in self.networks.networks.items():
            if state.definition.lab == lab:
                yield "network", name, state
        for name, state in self.devices.marked(lab).items():
            yield "link", name, state
        for name, state in self.interfaces.marked(lab).items():
            yield "interface", name, state
        for name, state in self.guests.marked(lab).items():
            yield "guest", name, state
        for kind, tables in self.tables.items():
            yield from ((kind, name, state) for name, state in tables.marked(lab).items())
