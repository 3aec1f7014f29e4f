# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two guests on a bridge, played by network namespaces, so that any host can try its networks with packets and without images.

    guests.py BRIDGE MAC OUTSIDE NAME

The first guest has the MAC address, for a static lease; the other one by chance. Both take leases, and try their gateway, each other,
NAME in the DNS, and OUTSIDE: an address that answers pings. Prints what they saw as JSON, and leaves nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

GUESTS = ("vgone", "vgtwo")
LEASE = """#!/bin/sh
case $1 in
bound|renew)
  ip address add "$ip/$mask" dev "$interface"
  ip route add default via "$router"
  echo "$ip $router $dns" > FILE;;
esac
"""


def run(*words, check=True):
    """Run a command to its end."""
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=check)


def inside(guest, *words):
    """Run a command in a guest; a CompletedProcess."""
    return run("ip", "netns", "exec", guest, *words, check=False)


def start(guest, bridge, mac):
    """A namespace with a NIC eth0 on the bridge."""
    run("ip", "netns", "add", guest)
    run("ip", "link", "add", guest, "type", "veth", "peer", "name", "eth0", *(["address", mac] if mac else []), "netns", guest)
    run("ip", "link", "set", guest, "master", bridge, "up")
    for device in ("lo", "eth0"):
        run("ip", "-n", guest, "link", "set", device, "up")


def lease(guest, folder):
    """Take a lease; {"address", "gateway", "server"}, empty where there is none."""
    script, file = Path(folder, f"{guest}.sh"), Path(folder, guest)
    script.write_text(LEASE.replace("FILE", str(file)), encoding="utf-8")
    script.chmod(0o755)
    inside(guest, "busybox", "udhcpc", "-i", "eth0", "-s", str(script), "-f", "-q", "-n", "-t", "10", "-T", "2")
    return dict(zip(("address", "gateway", "server"), file.read_text(encoding="utf-8").split())) if file.exists() else {}


def pings(guest, address):
    """True where an address answers the guest."""
    return inside(guest, "ping", "-c", "1", "-W", "5", address).returncode == 0


def look(bridge, mac, outside, name):
    """Everything, as a dict."""
    with tempfile.TemporaryDirectory() as folder:
        for guest, address in zip(GUESTS, (mac, "")):
            start(guest, bridge, address)
        one, two = (lease(guest, folder) for guest in GUESTS)
    if not one or not two:
        return {"leases": [one, two]}
    return {
        "leases": [one, two],
        "gateway": [pings(guest, one["gateway"]) for guest in GUESTS],
        "each_other": pings(GUESTS[0], two["address"]),
        "outside": [pings(guest, outside) for guest in GUESTS],
        "name": inside(GUESTS[0], "busybox", "nslookup", name, one["server"]).stdout.rpartition("Name:")[2],
    }


def main():
    """Look, and take the guests away again."""
    try:
        print(json.dumps(look(*sys.argv[1:])))
    finally:
        for guest in GUESTS:
            run("ip", "link", "delete", guest, check=False)
            run("ip", "netns", "delete", guest, check=False)


if __name__ == "__main__":
    main()
