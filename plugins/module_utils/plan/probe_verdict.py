# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a probe has found out, held against what was expected of it."""

from __future__ import annotations

import ipaddress

from ..model.plug import BRIDGE
from ..model.probe import GATEWAY

#: kinds of frames that a result tells of, and those that should not have arrived: more than a person reads
MOST = 100
#: what somebody who is asked for addresses is, to people
ASKED = {"ipv4": "DHCP", "ipv6": "DHCPv6", "slaac": "SLAAC"}


def result(wanted, asking, plug, mac, found):
    """(the result of a Probe, what is not as expected in words) by what stay() found."""
    checks = [told(check, each) for check, each in zip(wanted.checks or (), found["checks"])]
    unwanted = _unwanted(wanted.quiet or (), found)
    problems = [*amiss(asking, found), *unmet(checks)]
    problems += [f"{each['quiet']} should not arrive, and {_told(each)} did" for each in unwanted[:MOST]]
    facts = {name: found[name] for name in ("addresses", "gateways", "nameservers", "domain", "mtu", "leases", "missing", "routers", "heard", "duplicates",
                                            "waited", "settled", "seconds")}
    return {"ok": not problems, "problems": problems, "plugged": plugged(wanted, plug, mac, found["port"]), **facts,
            "checks": checks, "arrived": found["arrived"][:MOST], "unwanted": unwanted[:MOST]}, problems


def plugged(wanted, plug, mac, port):
    """Where a Place came to be plugged in, a dict."""
    place = {"network": wanted.network, "switch": plug.switch, "device": plug.device, "vlan": plug.vlan, "isolated": plug.isolated, "mac": mac,
             **({"port": port} if plug.switch == BRIDGE else {})}
    return {name: value for name, value in place.items() if value is not None}


def amiss(asking, found):
    """What is wrong with the addresses that somebody got, in words."""
    return [*_missing(asking, found), *(f"{each['address']} is somebody else's as well, {each['mac']}" for each in found["duplicates"])]


def unmet(checks):
    """What became of checks that is not as expected, in words."""
    return [f"{each['name']}: {', '.join(each['expect'])} was expected, and {each['said']}" for each in checks if not each["met"]]


def told(check, found):
    """What a result has of a Check, a dict."""
    return {
        "name": str(check), "kind": check.kind, "target": check.target, "expect": list(check.wanted),
        **{name: getattr(check, name) for name in ("port", "family", "server") if getattr(check, name) is not None},
        **found,
    }


def _missing(asking, found):
    """Where anybody might serve, nobody has to; but an address there has to be."""
    said = [f"{ASKED[each['what']]}: {each['said']}" for each in found["missing"]]
    got = any(each["by"] != "link-local" for each in found["addresses"])
    return said if asking.must or not got else []


def _unwanted(quiets, found):
    """Frames that should not have arrived, each with the name of who says so."""
    gateways = set(found["gateways"])
    macs = {found["neighbours"][each] for each in gateways if each in found["neighbours"]}
    return [{"quiet": str(quiet), **frame} for quiet in quiets for frame in found["arrived"] if covers(quiet, frame, gateways, macs)]


def covers(quiet, frame, gateways, macs):
    """True for a frame, a dict, that a Quiet is about. ``gateways`` are the addresses of the routers that the probe knows, ``macs`` those of their devices."""
    if quiet.protocols and not set(quiet.protocols) & set(frame["protocols"]):
        return False
    if quiet.ports and not any(_in_range(frame["port"], each) for each in quiet.ports):
        return False
    if quiet.sources and not any(_within(frame["source"], each) for each in quiet.sources):
        return False
    if GATEWAY in (quiet.besides or ()) and (frame["mac"] in macs or frame["source"] in gateways):
        return False
    return not any(each == frame["mac"] or _within(frame["source"], each) for each in quiet.besides or () if each != GATEWAY)


def _in_range(port, ports):
    first, dash, last = ports.partition("-")
    return port is not None and int(first) <= port <= int(last if dash else first)


def _within(address, subnet):
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(subnet)
    except ValueError:  # a frame without an address, or a MAC address
        return False


def _told(frame):
    """A frame in words."""
    ways = [f"from {frame['source'] or frame['mac']}" + (f" ({frame['mac']})" if frame["source"] else ""), f"to {frame['target'] or frame['to']}"]
    port = [f"port {frame['port']}"] if frame["port"] is not None else []
    times = [f"{frame['count']} times"] if frame["count"] > 1 else []
    return " ".join([frame["protocols"][-1], *([frame["says"]] if frame["says"] else []), *ways, *port, *times])
