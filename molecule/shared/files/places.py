# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a host is in its own network: the device that its default route leaves by, and the addresses and routes by that, without clocks. Prints JSON."""

from __future__ import annotations

import json
import subprocess
import sys

ADDRESS = ("local", "prefixlen", "dynamic", "metric")
ROUTE = ("dst", "gateway", "protocol", "prefsrc", "metric")


def ip(*words):
    """What ip(8) shows, as a list of dicts."""
    return json.loads(subprocess.run(("ip", "-json", *words), stdout=subprocess.PIPE, text=True, check=True).stdout or "[]")


def some(entries, fields):
    """These fields alone of each, as lines in an order of their own."""
    return sorted(" ".join(f"{field} {entry[field]}" for field in fields if field in entry) for entry in entries)


def main():
    """Look and tell."""
    default = next(iter(ip("-4", "route", "show", "default")), None)
    if default is None:
        sys.exit("this host has no default route")
    device = default["dev"]
    addresses = [each for link in ip("address", "show", "dev", device, "scope", "global") for each in link.get("addr_info", ()) if each]
    routes = [route for family in ("-4", "-6") for route in ip(family, "route", "show", "dev", device) if not route["dst"].startswith("fe80:")]
    print(json.dumps({
        "device": device, "gateway": default.get("gateway"), "address": next(each["local"] for each in addresses if each["family"] == "inet"),
        "held": {"addresses": some(addresses, ADDRESS), "routes": some(routes, ROUTE)},
    }))


if __name__ == "__main__":
    main()
