# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What on the host stands against a guest's NIC: what it is to be attached to, other NICs, and what libvirt cannot do. Pure, as all plans."""

from __future__ import annotations

from ..errors import UnsupportedError, ValidationError
from ..model.interface import same
from ..model.network_validate import VLANS_ON_BRIDGES
from .table_steps import definition_of


def check(wanted, state, targets, networks, context, others):
    """Raise ValidationError or UnsupportedError for what a WantedInterface cannot become."""
    target = targets[wanted.name]
    nic, held = target.definition, state.definition if state is not None else None
    domain = context.domain(wanted.domain)
    if held is None or nic.source != held.source or nic.portgroup != held.portgroup:
        _check_source(nic, target, networks, context, others)
    _check_mac(wanted, nic, targets, context)
    definition = definition_of(networks.get(nic.network))
    if nic.vlan is not None and (held is None or (held.vlan, held.source) != (nic.vlan, nic.source)):
        _check_vlan(nic, definition, context)
    if wanted.given.trust_guest_rx_filters is not None and not _direct(nic, definition):
        raise ValidationError("trust_guest_rx_filters", wanted.given.trust_guest_rx_filters, "counts for a NIC that is attached by a macvtap alone",
                              "leave it out")
    if wanted.given.boot_order and domain.boots and not domain.persistent:
        raise ValidationError("boot_order", wanted.given.boot_order, f"guest {domain.name} is transient, boots by kinds of devices, and has no next start",
                              "leave it out")
    if wanted.given.bandwidth is not None and nic.bandwidth and nic.bandwidth.inbound and nic.bandwidth.inbound.floor:
        _check_floor(nic, definition)
    name = wanted.given.filterref.filter if wanted.given.filterref else None
    if name and name not in context.filters:
        raise ValidationError("filterref.filter", name, "libvirt has no such filter", f"there are: {', '.join(sorted(context.filters)) or 'none'}")
    live = target.live
    if not domain.updates and live is not None and live.filterref is not None and live.target is None and (state is None or not same(state.live, live)):
        raise ValidationError("target", None, f"libvirt plugs a NIC with a filter into a container that runs ({domain.name}) under a name that is given alone",
                              "say target, or shut it down first")
    if wanted.given.target and live is not None and (state is None or state.live is None or state.live.target != nic.target):
        _check_target(nic, context)


def _check_source(nic, target, networks, context, others):
    kind, name = nic.source
    if kind == "network":
        state = networks.get(name)
        if state is None:
            names = ", ".join(sorted(each for each, found in networks.items() if found is not None)) or "none"
            raise ValidationError("network", name, "no such network", f"make it first, or in the same task of virt_host; there are: {names}")
        if state.live is None and target.live is not None:
            raise ValidationError("network", name, f"is not active, and guest {target.domain} runs", "start it first: state: active")
        groups = [group.name for group in state.definition.portgroups]
        if nic.portgroup and nic.portgroup not in groups:
            raise ValidationError("portgroup", nic.portgroup, f"network {name} has no such portgroup, and libvirt would pass over that",
                                  f"it has: {', '.join(groups) or 'none'}")
        if state.definition.mode == "hostdev":
            raise UnsupportedError(f"network {name} hands PCI devices to guests (forward mode hostdev), which this module leaves alone")
        return
    switch = nic.virtualport is not None and nic.virtualport.type == "openvswitch"
    made = {each.definition.bridge_name for each in networks.values() if each is not None and each.live is not None}
    if not context.remote and not switch and name not in context.links | others.coming | made:
        raise ValidationError("bridge" if kind == "bridge" else "dev", name, "the host has no such device", "make it first, or in the same task of virt_host")
    if kind == "bridge" and name in context.links and name not in context.bridges and not switch:
        raise ValidationError("bridge", name, "is no bridge", "name one, or say dev, for a macvtap on it")


def _check_mac(wanted, nic, targets, context):
    """Raise ValidationError where another NIC has the MAC address: of the same guest, where libvirt finds its NICs by it, or on the same segment."""
    mine = [each for each in wanted.held or () if each]
    for domain in context.domains:
        for pair in domain.nics:
            own = domain.name == wanted.domain
            if own and any(each in mine for each in pair if each):
                continue
            for each in filter(None, pair):
                if each.mac == nic.mac and (own or each.source == nic.source) and not _leaves(domain, each, targets):
                    where = f"is that of another NIC of guest {domain.name}" if own else f"is that of guest {domain.name} on {' '.join(map(str, nic.source))}"
                    raise ValidationError("mac", nic.mac, where, "give each NIC one of its own")
    names = {domain.name for domain in context.domains}
    for each in context.guests:  # of other drivers, too, which share the host's networks
        if each.mac == nic.mac and each.domain not in names and nic.source in (("network", each.network), ("bridge", each.bridge)):
            raise ValidationError("mac", nic.mac, f"is that of guest {each.domain} on {' '.join(nic.source)}", "give each NIC one of its own")
    for name, target in targets.items():
        twin = name != wanted.name and target is not None and target.definition.mac == nic.mac
        if twin and (target.domain == wanted.domain or target.definition.source == nic.source):
            raise ValidationError("mac", nic.mac, f"is that of {name} in the same task", "give each NIC one of its own")


def _leaves(domain, nic, targets):
    """True for a NIC that the same plan makes another, which is looked at by itself."""
    return any(name == f"{domain.name}/{word}" for name in targets for word in (nic.mac, nic.alias) if word)


def _check_vlan(nic, definition, context):
    switch = next((port.type for port in (nic.virtualport, definition and definition.virtualport) if port), None)
    mode = definition.mode if definition is not None else nic.kind
    if switch == "openvswitch" or mode in ("hostdev", "passthrough") or nic.mode == "passthrough":
        return
    plain = mode == "bridge" and (definition is None or bool(definition.bridge_name))
    if plain and context.version < VLANS_ON_BRIDGES:
        release, since = (".".join(map(str, each)) for each in (context.version, VLANS_ON_BRIDGES))
        raise UnsupportedError(f"vlan on a Linux bridge needs libvirt {since} or newer; the connected libvirt is {release}")
    if not plain:
        tags = ", ".join(str(tag.id) for tag in nic.vlan.tags)
        raise ValidationError("vlan", tags, "VLANs are for Open vSwitch, hostdev and passthrough networks, and for Linux bridges that are there",
                              "remove it, or attach the NIC to one of these")


def _direct(nic, definition):
    return nic.kind == "direct" or definition is not None and not definition.owns_bridge and not definition.bridge_name


def _check_floor(nic, definition):
    inbound = definition.bandwidth.inbound if definition is not None and definition.bandwidth else None
    if inbound is None or not inbound.average:
        raise ValidationError("bandwidth.inbound.floor", nic.bandwidth.inbound.floor, "is guaranteed by networks with bandwidth.inbound of their own alone",
                              "give the network one, or leave it out")


def _check_target(nic, context):
    if nic.target in context.links and not context.remote:
        raise ValidationError("target", nic.target, "is a device that the host has already", "choose another name")
