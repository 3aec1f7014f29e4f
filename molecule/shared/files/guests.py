# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two guests of libvirt's on a network, which they join by its name: containers that share the host's files, so that any host can try its networks with
packets and without images.

    guests.py start NETWORK [--mac=MAC] [--name=NAME] [--ping ADDRESS...]
    guests.py stop

The first guest has the MAC address, for a static lease; the other one by chance. Both take leases, and try their gateway, each other, NAME in the DNS, and
whether the addresses answer pings. Prints what they saw as JSON, and leaves them running; stop takes them away.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

GUESTS = ("vgone", "vgtwo")
VIRSH = ("virsh", "--quiet", "--connect", "lxc:///system")
DOMAIN = """<domain type='lxc'>
  <name>{name}</name>
  <memory unit='MiB'>32</memory>
  <os><type>exe</type><init>/usr/bin/sleep</init><initarg>infinity</initarg></os>
  <devices><interface type='network'><source network='{network}'/>{mac}</interface><console type='pty'/></devices>
</domain>
"""
LEASE = """#!/bin/sh
case $1 in
bound|renew)
  ip address add "$ip/$mask" dev "$interface"
  ip route add default via "$router"
  echo "$ip $router $dns" > FILE;;
esac
"""


def run(*words, check=True, **more):
    """Run a command to its end; a CompletedProcess. Where it fails that is the end of this, unless ``check`` is false."""
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **more)
    if check and done.returncode:
        sys.exit(f"{' '.join(words)}: {done.stdout.strip()}")
    return done


def start(guest, network, mac):
    """Start a guest; a function that runs a command in its network, to a CompletedProcess."""
    document = DOMAIN.format(name=guest, network=network, mac=f"<mac address='{mac}'/>" if mac else "")
    run(*VIRSH, "create", "/dev/stdin", input=document)
    # libvirt's own process for it is its parent
    pid = run("pgrep", "--parent", run(*VIRSH, "domid", guest).stdout.strip()).stdout.split()[0]

    def inside(*words):
        return run("nsenter", "--net", "--target", pid, *words, check=False)

    inside("ip", "link", "set", "eth0", "up")
    return inside


def lease(guest, inside, folder):
    """Take a lease; {"address", "gateway", "server"}, empty where there is none."""
    script, file = Path(folder, f"{guest}.sh"), Path(folder, guest)
    script.write_text(LEASE.replace("FILE", str(file)), encoding="utf-8")
    script.chmod(0o755)
    inside("busybox", "udhcpc", "-i", "eth0", "-s", str(script), "-f", "-q", "-n", "-t", "10", "-T", "2")
    return dict(zip(("address", "gateway", "server"), file.read_text(encoding="utf-8").split())) if file.exists() else {}


def pings(inside, address):
    """True where an address answers the guest."""
    return inside("ping", "-c", "1", "-W", "10", address).returncode == 0


def look(network, mac, name, addresses):
    """Everything, as a dict."""
    guests = [start(guest, network, each) for guest, each in zip(GUESTS, (mac, ""))]
    with tempfile.TemporaryDirectory() as folder:
        one, two = (lease(guest, inside, folder) for guest, inside in zip(GUESTS, guests))
    if not one or not two:
        return {"leases": [one, two]}
    return {
        "leases": [one, two],
        "gateway": [pings(guest, one["gateway"]) for guest in guests],
        "each_other": pings(guests[0], two["address"]),
        "answer": {address: [pings(guest, address) for guest in guests] for address in addresses},
        "name": guests[0]("busybox", "nslookup", name, one["server"]).stdout.rpartition("Name:")[2] if name else "",
    }


def stop():
    """Take the guests away, as far as they are there: they are transient."""
    for guest in GUESTS:
        run(*VIRSH, "destroy", guest, check=False)


def main():
    """Look, or take the guests away."""
    top = argparse.ArgumentParser(description=__doc__)
    verbs = top.add_subparsers(dest="verb", required=True)
    begin = verbs.add_parser("start")
    begin.add_argument("network")
    begin.add_argument("--mac", default="")
    begin.add_argument("--name", default="")
    begin.add_argument("--ping", nargs="*", default=[])
    verbs.add_parser("stop")
    given = top.parse_args()
    if given.verb == "stop":
        stop()
    else:
        json.dump(look(given.network, given.mac, given.name, given.ping), sys.stdout)


if __name__ == "__main__":
    main()
