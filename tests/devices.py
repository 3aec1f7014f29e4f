# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is of devices on a host, to be compared."""

from __future__ import annotations

import json
import re

#: what the kernel refuses: a route whose gateway is nowhere
UNREACHABLE = [{"dst": "10.99.0.0/16", "gateway": "10.98.0.1"}]


def link(host, name):
    """ip(8)'s JSON of a device."""
    return json.loads(host.run("ip", "-d", "-j", "address", "show", "dev", name).stdout)[0]


def links(host):
    """Names of all devices."""
    return {each["ifname"] for each in json.loads(host.run("ip", "-j", "link").stdout)}


def state_of(host):
    """All that is to be seen of devices and routes, without clocks."""
    return re.sub(r"\w+_timer +[\d.]+| tentative", "", host.run("ip", "-d", "address").stdout), host.run("ip", "route").stdout


def kept_files(host):
    """All that is written for networkd, and what each device was asked."""
    return host.run("grep", "-rH", ".", "/etc/systemd/network", "/var/lib/virtlab.network/links").stdout


def picture(host):
    """What there is of the lab, without what differs from boot to boot, what STP puts in the place of times, and which port a bond chose.

    Of link-local addresses, how many there are.
    """
    entries = json.loads(host.run("ip", "-d", "-j", "address").stdout)
    vlans = {each["ifname"]: each["vlans"] for each in json.loads(host.run("bridge", "-j", "vlan", "show").stdout)}
    routes = sorted(line.replace(" linkdown", "").strip() for line in host.run("ip", "route", "show", "dev", "test0").stdout.splitlines())
    found = {}
    for entry in entries:
        info = entry.get("linkinfo", {})
        own = {name: value for name, value in info.get("info_data", {}).items() if not re.search("timer|_id|root_|topology|fdb_n|ageing|active_slave", name)}
        port = [info.get("info_slave_data", {}).get(name) for name in ("isolated", "bcast_flood")]
        addresses = sorted(f"{each['local']}/{each['prefixlen']}" for each in entry["addr_info"] if each["scope"] == "global")
        local = sum(each["scope"] == "link" for each in entry["addr_info"])
        found[entry["ifname"]] = (entry["mtu"], entry.get("master"), entry.get("link"), entry.get("ifalias"), "UP" in entry["flags"], own, port, addresses,
                                  entry.get("txqlen"), local)
    return found, vlans, dict.fromkeys(routes)
