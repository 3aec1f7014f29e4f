# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps from one state of a device to another, and the changes that they come to, each with its price. Pure, as all plans."""

from __future__ import annotations

from dataclasses import replace

from ..model.bridge import CHANGING, LED, VLAN_OPTIONS, Bridge, PortOptions, PortSettings
from ..model.link import Link, over
from ..model.link_kinds import ALONE, DOWN, FIXED, Bond, IpVlan, MacVlan, Nic, Tun, Vlan
from ..model.option import Bag, declared, differences, plain
from .link_routes import lasting, left_over, possible, route_changes, swept, vanishing
from .link_target import bare, fill, joined, moved, said
from .plan import Change, Step

#: steps that may be left after an apply, and are taken then: what whoever makes a device at boot has no word for, and what the kernel drops as other
#: things change
MENDING = frozenset({"mark", "change", "own", "controller", "port", "vlans", "updown", "address", "route", "reroute", "unprimary", "activate"})


def steps_between(state, target):
    """The steps that turn one LinkState (or None) into another; each that is left out by a kill leaves a state to go on from."""
    if target is None:
        return (*_keeping(state, None), _delete(state), *_uplink(state, None), *_end(state)) if state is not None else ()
    if state is None and target.kept is not None and target.kept.made:
        # made by who brings it back; verification sees whether that did all
        return (*_uplink(None, target), Step("keep", (target.name, target.kept)), *_unseen(target))
    if state is None:
        return (*_uplink(None, target), *_creation(target), *_keeping(state, target))
    if replaced(state, target):
        return (_delete(state), *_creation(fill(target, state)), *_keeping(state, target))
    return (*_uplink(state, target), *_changes(state, target), *_keeping(state, target), *_end(state))


def _uplink(state, target):
    """What is written down of the NIC whose place a bridge takes, or has given back."""
    before, after = (each.uplink if each is not None else None for each in (state, target))
    return (Step("uplink", ((target or state).name, after)),) if before != after else ()


def _keeping(state, target):
    before, after = (each.kept if each is not None else None for each in (state, target))
    return (Step("keep", (target.name if target else state.name, after)),) if before != after else ()


def _unseen(target):
    """Tell a bridge that somebody else made its times with STP anyway: verification may not see them, and so not that they were not heard."""
    times = Bridge(**{name: getattr(target.data, name) for name in (*CHANGING, *LED)}) if isinstance(target.data, Bridge) and target.data.stp else Bridge()
    return (Step("change", (target.name, target.kind, Link(), times)),) if times != Bridge() else ()


def _end(state):
    return (Step("forget", (state.name,)),) if state.interrupted else ()


def leftovers(item, now):
    """Steps for what is written of a device that was not there before, and that nobody made."""
    written = item.target is not None and item.target.kept is not None
    return (Step("keep", (item.key, None)), Step("forget", (item.key,))) if now is None and item.observed is None and written else ()


def replaced(state, target):
    """Names of options that differ and that only a new device can have."""
    fixed = {f"{target.prefix}{name}" for name in differing(state.data, target.data) & FIXED.get(type(target.data), set())}
    if isinstance(target.data, MacVlan) and "mode" in differing(state.data, target.data) and "passthru" in (state.data.mode, target.data.mode):
        fixed.add(f"{target.prefix}mode")
    if isinstance(target.data, Tun):  # the kernel takes another owner, and no more none
        fixed |= {name for name in ("owner", "group") if getattr(state.data, name) and getattr(target.data, name) == ""}
    if target.link.link not in (None, state.link.link):
        fixed.add("link")
    return fixed


def bounces(state, target):
    """True for a bond that goes down for what the kernel changes only then."""
    return isinstance(target.data, Bond) and bool(differing(state.data, target.data) & (DOWN | ALONE)) and state.link.up


def released(state, target):
    """True where nobody brings the device back any more: networkd then takes away what it gave."""
    return state.kept is not None and target.kept is None


def differing(held, wanted):
    """Names of the options that are asked for and differ from what there is."""
    if held is None or wanted is None:
        return set()
    return {name for name, unused in declared(type(wanted)) if getattr(wanted, name) is not None and getattr(wanted, name) != getattr(held, name)}


def _delete(state):
    return Step("delete", (state.name,))


def _creation(target):
    """Make a device."""
    yield Step("create", (target.name, target))
    yield from _changes(bare(target), target)


def _changes(held, target):
    if target.lab != held.lab:
        yield Step("mark", (held.name, target.lab))
    name, before, after = held.name, held.link, target.link
    changed = differing(held.data, target.data)
    alone, bounced = isinstance(target.data, Bond) and changed & ALONE and held.ports, bounces(held, target)
    freed = released(held, target)
    if alone:
        yield from (Step("controller", (port, "")) for port in held.ports)
    if bounced:
        yield Step("updown", (name, False))
    gone, along = vanishing(held, target), swept(held, target)
    yield from (Step("address", ("del", name, cidr)) for cidr in reversed(gone))  # the first of a subnet last: the kernel may take the others along
    attributes = said(Link(mtu=after.mtu, mac=after.mac, txqueuelen=after.txqueuelen), before)
    if alone:  # a bond that loses its last port gets another MAC address
        attributes = replace(attributes, mac=attributes.mac or before.mac)
    if attributes != Link():
        yield Step("change", (name, target.kind, attributes, None))
    yield from _own_changes(held, target, changed)
    held = _with_default(held, target)
    if after.controller not in (None, before.controller):
        yield from _join(name, after.controller)
    if after.port is not None:
        stays = after.controller in (None, before.controller) and before.port is not None
        yield from _port_changes(name, before.port if stays else PortOptions(), after.port)
    if target.vlans is not None and target.vlans.given and held.vlans != target.vlans:
        yield Step("vlans", (name, held.vlans, target.vlans, True))
    if alone:
        target, held = replace(target, ports=held.ports if target.ports is None else target.ports), replace(held, ports=Bag())
    yield from _member_changes(held, target)
    whole = lasting(over(before, after), after)
    if whole.up != before.up or bounced:
        yield Step("updown", (name, whole.up))
    lost = bool(gone or bounced or freed)
    again, bare = [], {*held.facts.get("bare", ()), *target.facts.get("bare", ())}
    for cidr in whole.addresses:
        fallen = ":" in cidr and before.up and whole.up is False  # IPv6's go with that, and can be there again
        if cidr not in before.addresses or cidr in along or fallen or bounced or freed:
            again.append(cidr)
            yield Step("address", ("replace", name, cidr, *([True] if cidr in bare else [])))
    others = target.others or held.others
    ours = whole.routes if after.routes is None and lost else after.routes
    yield from route_changes(name, left_over(before, whole).routes or (), ours, lost, others)
    prefixes = target.facts.get("prefixes") or held.facts.get("prefixes", ())
    went = whole.up and (bare.intersection(again) or bare and not before.up)
    yield from (Step("reroute", (name, route)) for route in (*(prefixes if went else ()), *possible(held, target, others)))
    if isinstance(target.data, Bond) and target.facts and target.data.primary is None and held.data.primary:
        yield Step("unprimary", (name,))
    if _active(held, target):
        yield Step("activate", target.facts["active"])


def _active(held, target):
    """True where a bond is to use another port than it does, as it did before: nobody asks for that, but it is put back."""
    return target.facts.get("active") not in (None, held.facts.get("active"))


def _with_default(held, target):
    """A bridge as it is once its default VLAN has changed: what had it goes along."""
    if held.kind != "bridge" or target.data is None or None in (held.data.vlan_default_pvid, target.data.vlan_default_pvid):
        return held
    pvids = held.data.vlan_default_pvid, target.data.vlan_default_pvid
    return replace(held, ports=Bag(moved(port, *pvids) for port in held.ports), vlans=moved(held.vlans, *pvids))


def _own_changes(held, target, changed):
    data = target.data
    if isinstance(data, Tun):
        if changed & {"owner", "group"}:
            yield Step("own", (held.name, over(held.data, data)))
    elif isinstance(data, Nic):
        if changed:
            yield Step("virtual_functions", (held.name, data.sriov_numvfs))
    elif changed:
        # ip(8) takes a flag of ipvlan that is not said for bridge
        given = over(held.data, data) if isinstance(data, IpVlan) else _remapped(held.data, said(data, held.data))
        yield Step("change", (held.name, target.kind, Link(), given))


def _remapped(held, given):
    """``given`` with what takes priorities out of a VLAN's maps that are not asked for any more: ip(8) adds to a map, and 0 is none."""
    if not isinstance(given, Vlan):
        return given
    changes = {}
    for name in ("ingress_qos_map", "egress_qos_map"):
        before, after = getattr(held, name) or (), getattr(given, name)
        if after is not None:
            stay = {each.partition(":")[0] for each in after}
            gone = [f"{number}:0" for number in (each.partition(":")[0] for each in before) if number not in stay]
            changes[name] = Bag([*(each for each in after if each not in before), *gone])
    return replace(given, **changes)


def _join(name, controller, down=False):
    if down:
        yield Step("updown", (name, False))
    yield Step("controller", (name, controller))


def _port_changes(name, held, wanted):
    settings = {each: given for each, unused in declared(PortSettings) if (given := getattr(wanted, each)) not in (None, getattr(held, each))}
    if settings:
        yield Step("port", (name, PortSettings(**settings)))
    if wanted.given and any(getattr(held, each) != getattr(wanted, each) for each in VLAN_OPTIONS):
        yield Step("vlans", (name, held, wanted, False))


def _member_changes(held, target):
    """What becomes of ports. New ones of a bridge are set up, those of a bond by the bond itself, which takes only such as are down."""
    if target.ports is None:
        return
    bridge = target.kind == "bridge"
    before = {port.name if bridge else port: port for port in held.ports}
    after = {port.name if bridge else port: port for port in target.ports}
    yield from (Step("controller", (name, "")) for name in sorted(set(before) - set(after)))
    for name, port in after.items():
        if name not in before:
            yield from _join(name, held.name, down=not bridge)
            yield from (Step("updown", (name, True)),) if bridge else ()
        if bridge:
            yield from _port_changes(name, before.get(name) or joined(target, name), port)


def changes_between(state, target, steps):
    """The Changes, with their price, between two LinkStates (or None); ``steps`` are those of steps_between()."""
    if not steps:
        return
    if state is None or target is None:
        yield Change("state", *("absent" if each is None else "present" for each in (state, target)), "live" if state is None else "restart")
        return
    fixed, target = replaced(state, target), fill(target, state)
    for field, old, new in differences(state.link, target.link):
        if new is not None or field.startswith("routes["):
            yield Change(field, old, new, "replace" if field in fixed else "restart" if (field, new) == ("up", False) else "live")
    for field, old, new in differences(state.data, target.data):
        if new is not None:
            bounces = isinstance(target.data, Bond) and field in DOWN | ALONE and state.link.up
            path = f"{target.prefix}{field}"
            yield Change(path, old, new, "replace" if path in fixed else "restart" if bounces or isinstance(target.data, Nic) else "live")
    if target.vlans is not None and target.vlans != state.vlans:
        yield Change("vlans", plain(state.vlans), plain(target.vlans), "live")
    yield from _port_differences(state, target)
    if _active(state, target):
        yield Change("active port", *((each.facts.get("active") or (None, None))[1] for each in (state, target)), "live")
    if state.uplink != target.uplink:
        yield Change("uplink", *(each.uplink.nic if each.uplink is not None else None for each in (state, target)), "live")
    if state.kept != target.kept:
        yield Change("persist", *(_kept(each.kept) for each in (state, target)), "live")


def _kept(kept):
    """In a word, how a device comes back at boot."""
    return "none" if kept is None else kept.by if kept.intact else f"{kept.by}, whose files were altered"


def _port_differences(state, target):
    if target.kind != "bridge":
        if state.ports != target.ports:
            yield Change("ports", sorted(state.ports), sorted(target.ports), "live")
        return
    old, new = ({port.name: port for port in each.ports} for each in (state, target))
    for name in [*old, *(name for name in new if name not in old)]:
        if name not in old or name not in new:
            yield Change(f"ports[{name}]", plain(old.get(name)), plain(new.get(name)), "live")
            continue
        yield from (Change(f"ports[{name}].{field}", was, becomes, "live") for field, was, becomes in differences(old[name], new[name]) if becomes is not None)
