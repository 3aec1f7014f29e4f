# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a probe is plugged in, and what it asks for there, or why it cannot be."""

from __future__ import annotations

from ..errors import UnsupportedError, ValidationError
from ..model.plug import BRIDGE, MACVLAN, Asking, Plug
from ..model.probe import FAMILIES

#: forward modes in which guests share a device of the host by macvtaps
SHARING = ("bridge", "private", "vepa")
#: what a kind of device that is no bridge of the kernel's is to people
KINDS = {"openvswitch": "an Open vSwitch bridge", None: "a NIC"}
OPEN_VSWITCH = "probes are plugged into Linux bridges, and into nothing of Open vSwitch yet"


def plug(wanted, network, links):
    """The Plug for a Probe, on a host with ``links`` ({name: Link}); ``network`` is the live Network that it names, or None."""
    if network is None:
        return _on_bridge(wanted.bridge, wanted, links, "bridge", wanted.vlan)
    group = _portgroup(wanted, network)
    port = (group.virtualport if group else None) or network.virtualport
    if port is not None:
        told = OPEN_VSWITCH if port.type == "openvswitch" else f"virtual ports of type {port.type} join switches that a probe cannot"
        raise UnsupportedError(f"network {network.name}: {told}")
    if network.mode in ("hostdev", "passthrough"):
        raise UnsupportedError(f"network {network.name} gives each guest a whole device (forward mode {network.mode}), which a probe does not take: "
                               "plug one into a bridge on the same segment")
    vlan = _vlan(wanted, (group.vlan if group else None) or network.vlan)
    if network.mode in SHARING and not network.bridge_name:
        return _on_device(network, wanted, links, vlan)
    return _on_bridge(network.bridge_name, wanted, links, "network", vlan, network)


def _portgroup(wanted, network):
    """The Portgroup that the probe is of, or None."""
    if wanted.portgroup is None:
        return next((each for each in network.portgroups if each.default), None)
    found = next((each for each in network.portgroups if each.name == wanted.portgroup), None)
    if found is None:
        there = ", ".join(each.name for each in network.portgroups) or "none"
        raise ValidationError("portgroup", wanted.portgroup, f"network {network.name} has no such; these are: {there}", "name one of them")
    return found


def _vlan(wanted, guests):
    """The VLAN to be in, where guests are in these (a Vlan or None)."""
    numbers = [tag.id for tag in guests.tags] if guests else []
    if wanted.vlan is not None:
        if numbers and wanted.vlan not in numbers:
            raise ValidationError("vlan", wanted.vlan, f"guests there are in {', '.join(map(str, numbers))}", "give one of these, or leave it out")
        return wanted.vlan
    if len(numbers) > 1 or numbers and guests.trunk:
        raise ValidationError("vlan", None, f"guests there have several, {', '.join(map(str, numbers))}, with tags", "say which the probe is to be in")
    return numbers[0] if numbers else None


def _on_bridge(name, wanted, links, option, vlan, network=None):
    link = links.get(name)
    if link is None:
        raise ValidationError(option, name if network is None else network.name, f"there is no bridge {name}", "make it first, or name another")
    if link.kind != "bridge":
        if link.kind == "openvswitch":
            raise UnsupportedError(f"{name} is a bridge of Open vSwitch's: {OPEN_VSWITCH}")
        raise ValidationError(option, name, f"is {KINDS.get(link.kind, f'a device of kind {link.kind}')}, and no bridge", "name the bridge")
    if not link.up:
        raise ValidationError(option, name, "is down, and passes nothing on", "set it up first")
    if vlan is not None and not link.filtering:
        raise ValidationError("vlan", vlan, f"bridge {name} does not filter VLANs (vlan_filtering), so it has none", "turn that on, or plug into another")
    told = bool(network and network.bridge and network.bridge.mac_table_manager == "libvirt" and network.owns_bridge)
    return Plug(BRIDGE, name, wanted.mtu or link.mtu, vlan, bool(network and network.port and network.port.isolated), told)


def _on_device(network, wanted, links, vlan):
    forward = network.forward
    names = [each.dev for each in forward.interfaces] or [forward.dev]
    link = links.get(names[0])
    if link is None:
        raise ValidationError("network", network.name, f"its device {names[0]} is not there", "bring it up first")
    if vlan is not None:
        raise ValidationError("vlan", vlan, f"{names[0]}, which guests of network {network.name} share, tags no frames", "leave it out")
    return Plug(MACVLAN, names[0], wanted.mtu or link.mtu, mode=forward.mode)


def asking(wanted, network):
    """The Asking of a Probe: what it says, what libvirt serves on the network, or whatever somebody offers there."""
    if wanted.given:
        return Asking(wanted.dhcp or (), bool(wanted.slaac))
    if network is None or not network.owns_bridge:
        return Asking(tuple(FAMILIES), True, must=False)
    if not network.runs_dnsmasq:
        return Asking()
    served = network.dhcp_families
    six = any(ip.family == "ipv6" for ip in network.ips)
    return Asking(tuple(name for name, number in FAMILIES.items() if number in served), six and 6 not in served)
