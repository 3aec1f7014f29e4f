# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of guests that the host answers for: what the kernel has of them, by routes and proxies with the protocol number that is ours."""

from __future__ import annotations

from ..errors import BackendError
from ..model.link import PROTOCOL
from ..model.proxied import Entry, entries
from . import iproute, sysctl

#: what the kernel answers where a route or a proxy is there already, or is gone
THERE, GONE = "File exists", ("No such process", "No such file or directory")


def dump():
    """({(device, address)} of our routes to one address, the same of our proxies)."""
    four, six, proxies = iproute.read_all(*(("ip", "-N", family, "route", "show", "proto", str(PROTOCOL)) for family in ("-4", "-6")),
                                          ("ip", "-N", "neigh", "show", "proxy"))
    routes = {(each["dev"], each["dst"]) for each in four + six if "dev" in each and "/" not in each["dst"] and each["dst"] != "default"}
    return routes, {(each["dev"], each["dst"]) for each in proxies if each.get("protocol") == str(PROTOCOL)}


def held(definition, live, found):
    """The Entries that the kernel has of a network with some definition, by what dump() found; ``live`` is what runs, or None.

    All of our routes by the bridge count, and the proxies for where these lead: what a run that was killed left is known by that. What ``live`` alone names
    may be another network's by now.
    """
    routes, proxies = found
    bridge = live.bridge_name if live and live.owns_bridge else None
    asked, former = (entries(each.proxied) if each and each.owns_bridge else () for each in (definition, live))
    mine = {address for device, address in routes if device == bridge}
    named = mine | {entry.name for entry in asked if entry.kind == "proxy"}
    former = [each for each in former if each.value is not None and not each.stays and sysctl.read(each.path("default")) != each.value]
    settings = {entry for entry in (*asked, *former) if entry.value is not None and _set(entry, bridge)}
    answered = {Entry("proxy", address, device) for device, address in proxies if address in named}
    return frozenset({Entry("route", address) for address in mine} | answered | settings)


def _set(entry, bridge):
    """True for a setting that is as it is to be, and for one that this kernel does not know."""
    found = sysctl.read(entry.path(bridge))
    return found == entry.value or found is None and entry.stays


def make(entry, bridge):
    """Have the kernel have an Entry. What it has already may be the hook's; if it is another's, verifying tells."""
    if entry.value is not None:
        if not _set(entry, bridge):
            sysctl.write(entry.path(bridge), entry.value)
        return
    _run((THERE,), _words(entry, "add", bridge))


def remove(entry, bridge):
    """Take an Entry away; a setting of the bridge becomes what it is of any new device."""
    if entry.value is not None:
        sysctl.write(entry.path(bridge), sysctl.read(entry.path("default")))
        return
    _run(GONE, _words(entry, "delete", bridge))


def _words(entry, verb, bridge):
    family = "-6" if ":" in entry.name else "-4"
    if entry.kind == "route":
        return [family, "route", verb, entry.name, "dev", bridge, "proto", str(PROTOCOL)]
    return [family, "neigh", verb, "proxy", entry.name, "dev", entry.dev, *(["protocol", str(PROTOCOL)] if verb == "add" else [])]


def _run(tolerated, words):
    try:
        iproute.run("ip", *words)
    except BackendError as err:
        if not any(each in str(err) for each in tolerated):
            raise
