# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a task asks of a device, and what there is, to the state that it shall be in. Pure, as all plans.

What nobody asks for is None in a target, for it may follow what changes: a bridge's MAC address its ports, a bond's options its mode.
"""

from __future__ import annotations

from dataclasses import fields, replace

from ..errors import ValidationError
from ..model.bridge import TIMERS, Bridge, BridgePort, Vlans, numbers, ranges_of
from ..model.link import CONTROLLERS, Kept, Link, LinkState, over, over_port
from ..model.link_defaults import unusual
from ..model.link_kinds import LACP, PRIMARY, WATCHFUL, Bond, IpVlan, MacVlan, Tun, Veth, Vlan, Vxlan
from ..model.option import Bag, declared
from .link_routes import lasting

#: what a new device of a class is where nobody says otherwise, and cannot be asked to be later
FIRST = {Tun: {"mode": "tap", "multi_queue": False, "vnet_hdr": False, "pi": False}}
#: options that a device of a kind cannot do without
NEEDED = {"vlan": "id", "vxlan": "id", "veth": "peer"}
#: the kernel's own bounds of a bridge's forward_delay where STP is on, in hundredths of a second (net/bridge/br_private_stp.h)
DELAYS = (200, 3000)


def target_of(wanted, state, context):
    """The LinkState that ``wanted`` asks for, given the present one; None for absent."""
    if state is not None and wanted.device not in (None, state.kind):
        raise ValidationError("name", wanted.name, f"is a device of kind {state.kind}, and not {wanted.device}",
                              "choose another name, or remove that one first")
    if wanted.state == "absent":
        if state is not None and state.kind == "nic":
            raise ValidationError("state", "absent", f"{wanted.name} is a NIC, which nothing but its driver can remove", "use up: false")
        return None
    begun = context.unfinished(wanted.name)
    if begun is not None and begun.kind == (wanted.device or begun.kind):  # a run was killed while it made the device: what it was to be is what there is
        target = replace(fill(_changed(wanted, begun, context), begun), lab=begun.lab)
    else:
        target = _new(wanted) if state is None else _changed(wanted, state, context)
    uplink = wanted.moved or (state.uplink if state is not None else None)
    return replace(target, kept=_kept(wanted, target, state, context), uplink=uplink, others=wanted.others)


def _kept(wanted, target, state, context):
    """How the device shall come back at boot: as all says that was ever asked of it."""
    by = wanted.persist
    if by == "auto":
        stays = state is not None and state.kept is not None and state.kept.by in context.keepers
        by = state.kept.by if stays else next(iter(context.keepers), None)
    if wanted.persist == "auto" and state is not None and (state.kept is None or by is None):
        return state.kept  # what was there before is somebody else's to bring back, unless that is said
    if by in (None, "none"):
        return None
    before = state.kept.record if state is not None and state.kept is not None else _seed(target, state)
    data = merged(before.data, canonical(wanted.data, before.data)) if wanted.data is not None else before.data
    if state is None and target.data is not None:
        data = over(data, target.data)
    vlans = wanted.vlans if wanted.vlans is not None and wanted.vlans.given else before.vlans
    moves = wanted.link.controller not in (None, before.link.controller)
    link = over(replace(before.link, port=None) if moves else before.link, replace(wanted.link, port=None))
    if wanted.link.port is not None:
        link = replace(link, port=over_port(link.port, wanted.link.port))
    ports, inherited = _kept_ports(wanted, before, context), wanted.inherited or before.inherited
    record = LinkState(target.name, target.kind, link, data, ports, vlans, target.lab, inherited=inherited)
    return Kept(by, record, made=context.makes(by, record))


def agreeing(bond, given):
    """A bond's options without those that what was ``given`` last puts out of force: the kernel drops them, and refuses them all together at boot.

    Source: drivers/net/bonding/bond_options.c.
    """
    said, drop = {name: getattr(given, name) for name in ("miimon", "arp_interval", "mode")}, []
    if said.get("arp_interval"):
        drop = ["miimon", "updelay", "downdelay", "peer_notify_delay"]
    elif said.get("miimon") or said.get("mode") in WATCHFUL:
        drop = ["arp_interval", "arp_ip_target", "arp_validate", "arp_all_targets", "ns_ip6_target"]
    if said.get("mode") not in (None, *PRIMARY):
        drop += ["primary", "primary_reselect"]
    if said.get("mode") not in (None, "802.3ad"):
        drop += LACP
    return replace(bond, **{name: None for name in drop if getattr(given, name) is None})


def _seed(target, state):
    """What a device that was there cannot be made again without, which nobody asked for in a task."""
    if state is None:
        return LinkState(target.name, target.kind, Link())
    ports = state.ports if state.kind in ("bond", "team") else Bag()
    data = unusual(state.data) if state.data is not None and state.kind != "nic" else None
    return LinkState(target.name, target.kind, Link(link=state.link.link), data, ports)


def _kept_ports(wanted, before, context):
    """Ports to be put there again at boot; those of guests come with their guests."""
    if wanted.ports is None:
        return before.ports
    if before.kind != "bridge":
        return Bag(wanted.ports)
    known = {port.name: port for port in before.ports}
    return Bag(over_port(known[port.name], port) if port.name in known else port for port in wanted.ports if not context.guests_own(port.name))


def _new(wanted):
    if wanted.device in (None, "nic"):
        raise ValidationError("name", wanted.name, "no such device", "name one that is there, or say which kind shall be made")
    needed = NEEDED.get(wanted.device)
    if needed and getattr(wanted.data, needed, None) is None and not getattr(wanted.data, "external", None):
        raise ValidationError(f"{wanted.device}.{needed}", None, f"a {wanted.device} is not made without one", f"give {needed}")
    link = replace(wanted.link, up=wanted.link.up is not False)
    data = over(type(wanted.data)(**FIRST.get(type(wanted.data), {})), wanted.data) if wanted.data is not None else None
    return LinkState(wanted.name, wanted.device, link, canonical(data), _ports(wanted), wanted.vlans, wanted.lab)


def _changed(wanted, state, context):
    vlans = wanted.vlans if wanted.vlans is not None and wanted.vlans.given else None
    data = settled(state.data, canonical(wanted.data, state.data))
    return LinkState(state.name, state.kind, wanted.link, data, _ports(wanted), vlans, state.lab)


def canonical(data, held=None):
    """What the kernel makes of the options ``data`` of a device that has ``held``: STP bounds a bridge's forward_delay, priorities are 0 unless mapped."""
    if isinstance(data, Bridge) and data.forward_delay is not None and over(held, data).stp:
        low, high = DELAYS
        return replace(data, forward_delay=min(max(data.forward_delay, low), high))
    if isinstance(data, Vlan):
        return replace(data, **{name: Bag(each for each in getattr(data, name) if not each.endswith(":0"))
                                for name in ("ingress_qos_map", "egress_qos_map") if getattr(data, name)})
    return data


def merged(held, given):
    """``held``, what a device has of its own, with what is ``given``, and without what that puts out of force. Of a VXLAN that is its group or its remote."""
    data = over(held, given)
    if isinstance(given, Bond):
        return agreeing(data, given)
    if isinstance(given, Vxlan) and bool(given.group) != bool(given.remote):
        return replace(data, **{"group" if given.remote else "remote": None})
    return data


def settled(held, wanted):
    """``wanted`` with the timers of ``held`` that are what the kernel makes of them: it counts in its own ticks, and may be a hundredth short.

    Those that it does not show now, and that nobody knows of, are taken to be as asked.
    """
    if held is None or type(held) is not type(wanted):
        return wanted
    changes = {"peer": None} if isinstance(held, Veth) and held.peer is None else {}  # it went into another namespace
    for name, entry in declared(type(held)):
        mine, given = getattr(held, name), getattr(wanted, name)
        if entry.kind in TIMERS and None not in (mine, given) and given - 1 <= mine <= given:
            changes[name] = mine
    changes.update(dict.fromkeys(unseen(held)))
    return replace(wanted, **changes) if changes else wanted


def unseen(held):
    """Names of options that the kernel does not show now, and that nobody has written down."""
    return [name for name in getattr(held, "veiled", None) or () if getattr(held, name) is None]


def _ports(wanted):
    """The ports that a task asks for, or None."""
    return None if wanted.ports is None else Bag(wanted.ports)


def expected(target, now, context):
    """``target`` with what the kernel generated for the state ``now``, and with guests' ports that came meanwhile."""
    if target is None or now is None:
        return target
    return fill(with_guests(target, now, context), now)


def with_guests(target, held, context):
    """A bridge's ``target`` with those of the ports there are that are guests': they stay although nobody asks for them."""
    if None in (target, held) or target.kind != "bridge" or target.ports is None:
        return target
    named = {port.name for port in target.ports}
    stay = [BridgePort(name=port.name) for port in held.ports if port.name not in named and context.guarded(port.name)]
    return replace(target, ports=Bag([*target.ports, *stay]))


def fill(target, held):
    """``target`` with what ``held``, a state of the same device, has where it says nothing."""
    given = target.link
    known = held.link.port if given.controller in (None, held.link.controller) else None  # another bridge knows nothing of it
    port = over_port(known, given.port) if None not in (given.port, known) else given.port or known
    known = {port.name: port for port in held.ports or ()} if target.kind == "bridge" else {}
    ports = held.ports if target.ports is None else target.ports
    ports = Bag(over_port(known[each.name], each) if each.name in known else each for each in ports) if known else ports
    vlans = target.vlans if target.vlans is not None and target.vlans.given else held.vlans
    data = settled(held.data, merged(held.data, target.data))
    link = over(held.link if _keeps_mac(held, target) else replace(held.link, mac=None), given)
    active = {"active": target.facts["active"]} if target.facts.get("active") else {}
    return replace(held, link=replace(lasting(link, given), port=port), data=data, ports=ports, vlans=vlans, lab=target.lab, kept=target.kept,
                   uplink=target.uplink, facts={**held.facts, **active})


def _keeps_mac(held, target):
    """False where ``target`` is made anew, and cannot have the MAC address: a TUN has none, and a passthru's and an ipvlan's are those of the device below."""
    below, mode = target.link.link not in (None, held.link.link), getattr(target.data, "mode", None) or getattr(held.data, "mode", None)
    if isinstance(held.data, MacVlan):
        return "passthru" not in (held.data.mode, mode) or held.data.mode == mode and not below
    return not (isinstance(held.data, Tun) and held.data.mode != mode or isinstance(held.data, IpVlan) and below)


def undone(item):
    """The state that was there before an Item was applied. A controller's MAC address follows its ports, unless somebody set it."""
    before = item.observed
    if before is not None and item.target is not None and before.kind in CONTROLLERS and item.target.link.mac is None:
        return replace(before, link=replace(before.link, mac=None))
    return before


def bare(state):
    """The state of a device that was just made for another state: down, alone, and with what is said at its making."""
    link = Link(up=False, mtu=state.link.mtu, mac=state.link.mac, txqueuelen=state.link.txqueuelen, addresses=Bag(), routes=Bag(), link=state.link.link,
                controller="")
    return replace(state, link=link, ports=Bag(), vlans=_born(state) if state.kind == "bridge" else None, uplink=None)


def _born(state):
    """VLANs that the kernel gives a bridge and each of its ports when they are made or join."""
    pvid = state.data.vlan_default_pvid if state.data is not None and state.data.vlan_default_pvid is not None else 1
    return Vlans(pvid or None, (), ())


def joined(state, name):
    """The BridgePort of a device that has just joined a bridge."""
    born = _born(state)
    return BridgePort(name=name, pvid=born.pvid, untagged=born.untagged, tagged=born.tagged)


def moved(vlans, before, after):
    """``vlans`` (a Vlans, or a port) once the bridge's default has gone from the one VLAN to the other, 0 for none: who has it goes along."""
    if vlans is None or before == after or vlans.pvid != (before or None):
        return vlans
    rest = numbers(vlans.untagged or ()) - {before}
    return replace(vlans, pvid=after or None, untagged=ranges_of(rest), tagged=vlans.tagged or ())


def said(value, than=None):
    """An instance of options with those alone that are set, and other than in ``than``."""
    kept = {entry.name: getattr(value, entry.name) for entry in fields(value)}
    return type(value)(**{name: given for name, given in kept.items() if given is not None and (than is None or getattr(than, name) != given)})
