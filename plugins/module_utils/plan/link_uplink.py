# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bridge with an uplink: it takes the NIC's place in the host's own network, and gives it back when it goes."""

from __future__ import annotations

from dataclasses import replace

from ..errors import ValidationError
from ..model.bridge import BridgePort
from ..model.link import Link, Uplink, WantedLink, over
from ..model.option import Bag


def spread(wanted, context):
    """The wanted devices with what uplinks come to: each a bridge that is as its NIC was, and the NIC, which has nothing left but to be its port."""
    named, found = {each.name: each for each in wanted}, {}
    for each in wanted:
        held = context.uplink(each.name) if each.device == "bridge" else None
        if each.state == "absent":
            found[each.name] = each
            if held is not None and held.nic in context.seen:
                found[held.nic] = _given_back(each, held, named.get(held.nic))
        elif each.uplink is not None or held is not None:
            bridge, nic = _taken(each, held, named.get(each.uplink), context)
            found.update({each.name: bridge, nic.name: nic} if nic is not None else {each.name: bridge})
        else:
            found.setdefault(each.name, each)
    return list(found.values())


def _given_back(bridge, held, asked):
    """What is wanted of a NIC whose bridge goes: as it was, but for what a task says of it."""
    link = replace(held.link, controller="")
    if asked is not None:
        given = {name: value for name in Link.__dataclass_fields__ if (value := getattr(asked.link, name)) is not None}
        return replace(asked, link=replace(link, **given), others=_others(held))
    return WantedLink("link", held.nic, None, link, lab=bridge.lab, persist=held.by, takeover=True, force=True, others=_others(held))


def _others(uplink, but=()):
    """Routes of others, to be put where the addresses go, other than those of whose place ours take."""
    return tuple(route._replace(asked=None) for route in uplink.others if route.asked is None or route.asked not in but)


def _taken(bridge, held, asked, context):
    """(the bridge, the NIC or None where nothing is to be done to it)"""
    name = bridge.uplink or held.nic
    if held is not None and bridge.uplink not in (None, held.nic):
        raise ValidationError("uplink", bridge.uplink, f"{bridge.name} has {held.nic} for its uplink", "remove the bridge first, which gives that one back")
    nic = context.state(name)
    if nic is None and bridge.uplink is None:  # it is not there now, and nothing is asked of it
        return bridge, None
    if nic is None:
        raise ValidationError("uplink", name, "no such device", "name one that is there")
    if nic.name == bridge.name:
        raise ValidationError("uplink", name, "a device is no uplink of itself", "name the NIC")
    if nic.link.controller not in ("", bridge.name):
        raise ValidationError("uplink", name, f"is a port of {nic.link.controller}", "take it off there first")
    ports = _with(bridge.ports, name)
    if held is not None and held.done and nic.link.controller == bridge.name:
        mac = bridge.link.mac or nic.link.mac
        return replace(bridge, ports=ports, link=replace(bridge.link, mac=mac), uplink=name, moved=held), None
    by = _keeper(bridge, context)
    uplink = held or Uplink(name, _as_it_is(nic), context.others(name), nic.kept.by if nic.kept is not None else "none")
    said = context.inherited(name, by) if by != "none" else ((), ())
    lines, left = said or ((), ())
    dynamic = nic.facts.get("dynamic", ())
    if dynamic and not lines:
        raise ValidationError("uplink", name, f"has {', '.join(dynamic)} by DHCP or router advertisements, and nobody knows whose client that is",
                              "have networkd ask for them, or give the host addresses of its own first")
    if ports is None:
        state = context.state(bridge.name)
        ports = _with([BridgePort(name=port) for port in state.port_names] if state is not None else [], name)
    ours = [route.asked for route in uplink.others if route.asked is not None] if said is None else []  # nobody else would bring them back
    routes = Bag([*(uplink.link.routes or ()), *ours])
    had = Link(mac=nic.link.mac, mtu=nic.link.mtu, addresses=uplink.link.addresses or None, routes=routes or None)
    link = over(had, bridge.link)
    whole = replace(bridge, link=link, ports=ports, uplink=name, takeover=True, moved=replace(uplink, done=True), inherited=lines,
                    others=_others(uplink, ours), persist=by if bridge.persist == "auto" else bridge.persist)
    base = asked or WantedLink("link", name, None, Link(), lab=bridge.lab, persist=by, takeover=True)
    if asked is not None and (asked.link.addresses or asked.link.routes):
        raise ValidationError("uplink", name, f"its addresses and routes go to {bridge.name}", f"give them there, and none to {name}")
    return whole, replace(base, link=replace(base.link, addresses=Bag(), routes=Bag()), inherited=left, takeover=True)


def _with(ports, name):
    """Ports with one more, None where nobody says which there are."""
    if ports is None or name in [port.name for port in ports]:
        return ports
    return Bag([*ports, BridgePort(name=name)])


def _as_it_is(nic):
    """What is to be given back one day."""
    return Link(up=nic.link.up, mtu=nic.link.mtu, addresses=nic.link.addresses, routes=nic.link.routes)


def _keeper(bridge, context):
    """Who brings the bridge back at boot: a word of the option persist, other than auto."""
    if bridge.persist != "auto":
        return bridge.persist
    kept = context.kept(bridge.name)
    return kept.by if kept is not None and kept.by in context.keepers else next(iter(context.keepers), "none")
