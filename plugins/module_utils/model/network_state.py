# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network on a host, in libvirt's two views and the kernel's; what a task asks of it; and what of them can be compared."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Optional

from .kernel import IN_PLACE, Kernel
from .network import NAT_PORTS, TEXTS, Bridge, Nat, Network, PortRange
from .option import plain
from .proxied import entries


@dataclass(frozen=True)
class NetworkState:
    """A network on a host: the stored definition (None: transient), the live one (None: inactive), autostart, and the kernel's view.

    ``kernel`` is None where the network is inactive, where its bridge is not libvirt's, and where libvirt runs on another host. ``interrupted`` are the
    ports of a network that a run stopped, to start it anew, and did not get to put back; None where no run was interrupted. ``hook`` tells whether what
    puts its ``bridge_ports`` and ``proxied`` back is installed; None where it has neither, and where it cannot be. ``proxied`` are the Entries that the kernel
    has of them, also what an inactive network left; of a target, those that it is to have.
    """

    stored: Optional[Network]
    live: Optional[Network]
    autostart: bool = False
    kernel: Optional[Kernel] = None
    interrupted: Optional[tuple] = None
    hook: Optional[bool] = None
    proxied: frozenset = frozenset()

    @property
    def definition(self):
        """The stored definition, or a transient network's live one without what libvirt filled in when it started it."""
        return self.stored or storable(self.live)

    @property
    def hooked(self):
        """True where it is to have libvirt's hook."""
        return bool(self.definition.bridge_ports or self.definition.proxied)


@dataclass(frozen=True)
class WantedNetwork:
    """A network as asked for. ``definition`` None leaves the host's alone; ``strict`` False (a whole document) warns where it else refuses."""

    name: str
    definition: Optional[Network]
    state: str = "active"
    autostart: Optional[bool] = None
    persistent: Optional[bool] = None
    lab: str = "default"
    force: bool = False
    on_restart: str = "reattach"
    strict: bool = True
    warnings: tuple = ()
    family = kind = "network"

    @property
    def coming(self):
        """Names of devices that are there once this is."""
        made = self.definition is not None and self.definition.owns_bridge and self.state == "active"
        return (self.definition.bridge_name,) if made and self.definition.bridge_name else ()

    @property
    def serving(self):
        """(its name, its bridge or None, families that it serves DHCP of), once, where the task says so; no families where it is not to run."""
        if self.state in ("absent", "inactive"):
            return ((self.name, None, frozenset()),)
        return ((self.name, self.definition.bridge_name, self.definition.dhcp_families),) if self.definition is not None else ()

    #: names of devices that leave the bridge they are on, and of those that lead to a segment of others
    leaving = leading = ()


def fill(wanted, held):
    """``wanted`` with the uuid, MAC address and bridge name that libvirt generated for ``held``, where it names none."""
    changes = {"uuid": wanted.uuid or held.uuid}
    if wanted.owns_bridge and held.owns_bridge:
        changes["mac"] = wanted.mac or held.mac
        if held.bridge_name and _generates(wanted.bridge_name, held.bridge_name):
            changes["bridge"] = replace(wanted.bridge or Bridge(), name=held.bridge_name)
    return replace(wanted, **changes)


def _generates(pattern, name):
    """True where libvirt may choose ``name`` for a bridge of that name: one with %d in it is a pattern, None leaves it free."""
    start, placeholder, rest = (pattern or "%d").partition("%d")
    return bool(placeholder) and (pattern is None or re.fullmatch(f"{re.escape(start)}[0-9]+{re.escape(rest)}", name) is not None)


def inherit(wanted, held, whole=False):
    """``wanted`` with the identity and the mark of the network that is there; unless it is a ``whole`` document, with its unknown parts too."""
    return replace(fill(wanted, held), lab=held.lab, unknown=wanted.unknown if whole else held.unknown)


def as_stored(live, stored):
    """``live`` without what libvirt fills in when it starts ``stored``, and without what a running network need not follow."""
    return replace(_without_filling(live, stored), **{name: getattr(stored, name) for name in TEXTS})


def as_given(live, given):
    """``live`` without what libvirt fills in when it starts ``given`` as a transient network."""
    return _without_filling(live, given)


def _without_filling(live, given):
    if not live.forward or not given.forward:
        return live
    forward = live.forward
    if forward.nat and forward.nat.port == PortRange(*NAT_PORTS) and not (given.forward.nat and given.forward.nat.port):
        bare = replace(forward.nat, port=None)
        forward = replace(forward, nat=given.forward.nat if bare == Nat() else bare)
    if given.forward.pf:
        forward = replace(forward, interfaces=given.forward.interfaces, addresses=given.forward.addresses)
    return replace(live, forward=forward)


def storable(live):
    """What to store to keep a transient network: its live definition without what libvirt filled in when it started it."""
    return _without_filling(live, replace(live, forward=replace(live.forward, nat=None))) if live.forward else live


def portable(definition):
    """A definition without what tells this network from an equal one elsewhere: uuid, mark, and MAC address and name of libvirt's own bridge."""
    apart = {"uuid": None, "lab": None}
    if definition.owns_bridge:
        apart.update(mac=None, bridge=definition.bridge and replace(definition.bridge, name=None))
    return replace(definition, **apart)


def report(state):
    """A network's state as a result shows it: ``state``, and for one that is there its flags, identity and ``config``."""
    if state is None:
        return {"state": "absent"}
    held = state.definition
    facts = {
        "name": held.name,
        "state": "active" if state.live else "inactive",
        "autostart": state.autostart,
        "persistent": state.stored is not None,
        "uuid": held.uuid or "(generated)",
        "mac": (held.mac or "(generated)") if held.owns_bridge else held.mac,
        "bridge": (held.bridge_name or "(generated)") if held.owns_bridge else held.bridge_name,
        "lab": held.lab,
        "config": _config(held),
    }
    if state.stored and state.live and as_stored(state.live, state.stored) != state.stored:
        facts["running"] = _config(as_stored(state.live, state.stored))
    if state.hook is False:
        facts["hook"] = "missing"
    if state.kernel:
        facts["ports"] = [port.name for port in state.kernel.ports]
        down = [port.name for port in state.kernel.ports if port.up is False]
        facts.update({"ports_down": down} if down else {})
        if broken(state):
            facts["kernel"] = broken(state)
    return facts


def broken(state):
    """What the kernel lacks of an active network, by name; {} where nothing is wrong."""
    if state.kernel.bridge == "missing":
        return {"bridge": "missing"}
    addresses = sorted(set(map(str, state.live.interfaces)) - state.kernel.addresses)
    proxied = [str(entry) for entry in entries(state.definition.proxied) if entry not in state.proxied]
    return {
        **({"bridge": state.kernel.bridge} if state.kernel.bridge != "up" else {}),
        **({"addresses_missing": addresses} if addresses else {}),
        **({} if state.kernel.firewall == IN_PLACE else {"firewall": state.kernel.firewall}),
        **({} if state.kernel.dnsmasq else {"dnsmasq": "dead"}),
        **({"proxied_missing": proxied} if proxied else {}),
    }


def _config(definition):
    return {name: value for name, value in plain(portable(definition)).items() if value != {}}
