# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ip(8) and bridge(8) are to be told. Each function gives the commands of a step of its name: tuples of the program and its words."""

from __future__ import annotations

from dataclasses import replace

from ..model.bridge import numbers, ranges_of
from ..model.link import PROTOCOL
from ..model.link_defaults import unusual
from ..model.option import declared
from . import teamd
from .link_json import MARK
from .link_table import BARE, FLAG, ONOFF, TABLE, TOGGLE, WORDS

#: the metric of a route that is there while another takes a third one's place
ASIDE = 2**32 - 118
#: all of IPv6 that is on a link and not of that link alone: RFC 4291's global unicast, and RFC 4193's
GLOBAL = ("2000::/3", "fc00::/7")
#: what one ``ip link set`` can set, in the order that the kernel does (net/core/rtnetlink.c, do_setlink; up before master in old ones, which is no matter)
ORDER = ("address", "mtu", "alias", "master", "nomaster", "up")


def joined(commands):
    """The commands, where such as follow each other and set something of one device are one, if the kernel keeps their order."""
    held = None
    for command in commands:
        if held is not None and _goes_on(held, command):
            held = (*held, *command[5:])
            continue
        if held is not None:
            yield held
        held = command
    if held is not None:
        yield held


def _goes_on(one, other):
    """True where a command can say what the ``other`` does, too."""
    if one[:5] != other[:5] or one[:4] != ("ip", "link", "set", "dev"):
        return False
    before, after = _settings(one), _settings(other)
    return {*before, *after} <= set(ORDER) and max(map(ORDER.index, before)) < min(map(ORDER.index, after))


def _settings(command):
    """What a command that sets something sets, without the values."""
    words = iter(command[5:])
    return [word for word in words if word in ("up", "down", "nomaster") or next(words)]


def unlearn(nic):
    """Take away what the kernel has of routers' advertisements on a NIC, as it hears of no more: neighbours of a bridge would be looked for by its port."""
    for words in (("proto", "ra"), *(("root", network, "proto", "kernel") for network in GLOBAL)):
        yield ("ip", "-6", "route", "flush", "dev", nic, *words)


def options(value):
    """The words for whatever is said in an instance of a class of options."""
    rows, words = TABLE[type(value)], []
    for name in (entry for entry, unused in declared(type(value))):
        row, given = rows[name], getattr(value, name)
        if given is None or row.word is None:
            continue
        if row.style == TOGGLE:
            words.append(row.word if given else f"no{row.word}")
        elif row.style == BARE:
            words += [given if isinstance(given, str) else row.word] if given else []
        elif row.style == WORDS:
            words += [row.word, *given] if given else []
        elif isinstance(given, tuple):
            words += [row.word, ",".join(given)]  # an empty word clears the list
        else:
            words += [row.word, _scalar(given, row.style)]
    return tuple(words)


def _scalar(value, style):
    if isinstance(value, bool):
        return {FLAG: ("0", "1"), ONOFF: ("off", "on")}[style][value]
    return str(value)


def create(name, state, maker=None):
    """Make a device, down, with all that can only be said then, and its mark. One that comes with another, its ``maker``, is there already."""
    if maker is None:
        yield _making(name, state)
    attributes = _common(state.link) if maker is not None or state.kind in ("tun", "team") else ()
    mark = ("alias", f"{MARK}{state.lab}") if state.lab else ()
    if attributes or mark:
        yield ("ip", "link", "set", "dev", name, *attributes, *mark)


def _making(name, state):
    data = unusual(state.data) if state.kind in ("bridge", "bond", "vxlan") else state.data  # what a kernel lacks is not said without need
    if state.kind == "tun":
        owners = [word for option, value in (("user", data.owner), ("group", data.group)) if value for word in (option, value)]
        flags = [word for word in ("multi_queue", "vnet_hdr", "pi") if getattr(data, word)]
        return ("ip", "tuntap", "add", "dev", name, "mode", data.mode or "tap", *owners, *flags)
    if state.kind == "team":
        return teamd.command(name, data and data.runner)
    words = ["link", "add", *(("link", state.link.link) if state.link.link and state.kind != "vxlan" else ()), "name", name]
    return ("ip", *words, *_common(state.link), "type", state.kind, *_typed(state, data))


def _typed(state, data):
    if state.kind == "veth":
        return ("peer", "name", data.peer) if data and data.peer else ()
    words = options(data) if data is not None else ()
    if state.kind == "vxlan":
        dev = ("dev", state.link.link) if state.link.link else ()
        ports = ("srcport", str(data.srcport_min or 0), str(data.srcport_max)) if data.srcport_max else ()
        words = (*words, *dev, *ports, *(("dstport", "4789") if data.dstport is None else ()))
    return words


def _common(link):
    words = []
    for word, value in (("address", link.mac), ("mtu", link.mtu), ("txqueuelen", link.txqueuelen)):
        words += [word, str(value)] if value is not None else []
    return tuple(words)


def change(name, kind, link, data):
    """Change what a Link and the options of a kind say, None in them left alone."""
    if _common(link):
        yield ("ip", "link", "set", "dev", name, *_common(link))
    if kind == "bridge" and data is not None and data.stp is False:  # in one message the delay comes first, and STP has bounds for it
        yield ("ip", "link", "set", "dev", name, "type", kind, "stp_state", "0")
        data = replace(data, stp=None)
    if data is not None and options(data):
        yield ("ip", "link", "set", "dev", name, "type", kind, *options(data))


def mark(name, lab):
    """Mark a device as a lab's, or as nobody's."""
    yield ("ip", "link", "set", "dev", name, "alias", f"{MARK}{lab}" if lab else "none")


def delete(name):
    """Remove a device."""
    yield ("ip", "link", "delete", "dev", name)


def updown(name, up):
    """Set a device up or down."""
    yield ("ip", "link", "set", "dev", name, "up" if up else "down")


def controller(name, master):
    """Make a device a port of another, or of none."""
    yield ("ip", "link", "set", "dev", name, *(("master", master) if master else ("nomaster",)))


def port(name, settings):
    """Tell a bridge of its port."""
    yield ("ip", "link", "set", "dev", name, "type", "bridge_slave", *options(settings))


def vlans(name, held, wanted, own):
    """Turn one set of Vlans of a device into another; ``own`` where it is the bridge itself."""
    before, after = _membership(held), _membership(wanted)
    dropped = {number: None for number in before if number not in after}
    for words, found in (("del", dropped), ("add", {number: flags for number, flags in after.items() if before.get(number) != flags})):
        for flags in sorted(set(found.values()), key=str):
            for each in ranges_of(number for number, its in found.items() if its == flags):
                yield ("bridge", "vlan", words, "dev", name, "vid", each, *(flags or ()), *(("self",) if own else ()))


def _membership(given):
    """{number: bridge(8)'s words for its flags}"""
    found = {**dict.fromkeys(numbers(given.untagged or ()), ("untagged",)), **dict.fromkeys(numbers(given.tagged or ()), ())}
    if given.pvid:
        found[given.pvid] = ("pvid", *found.get(given.pvid, ()))
    return found


def address(verb, name, cidr, bare=False):
    """Give a device an address that it may have already ("replace"), or delete one ("del"); a ``bare`` one comes without a route to its subnet."""
    broadcast = ("broadcast", "+") if verb != "del" and ":" not in cidr and int(cidr.partition("/")[2]) < 31 else ()
    yield ("ip", "address", verb, cidr, *broadcast, "dev", name, *(("noprefixroute",) if bare else ()))


def route(verb, name, given):
    """Add, replace or delete a route."""
    words = ["to", given.dst, *(("via", given.gateway) if given.gateway else ()), "dev", name]
    words += ["metric", str(given.metric)] if given.metric else []
    words += ["src", given.src] if given.src else []
    made = ("proto", str(PROTOCOL)) if verb != "del" else ()  # NetworkManager's are of another
    yield ("ip", "route", verb, *words, "table", str(given.table), *(("onlink",) if given.onlink else ()), *made)


def supplant(name, theirs, ours):
    """Put a route in the place of somebody else's, which networkd must see go: it would else not bring it again. A third is there all the while."""
    aside = replace(ours, metric=ASIDE)
    for verb, given in (("replace", aside), ("del", theirs), ("add", ours), ("del", aside)):
        yield from route(verb, name, given)


def reroute(name, given):
    """Put back a route of somebody else's."""
    yield ("ip", "route", "replace", *given.words, "dev", name)
