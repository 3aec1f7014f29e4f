# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What two guests of libvirt's see of a network: containers that share the host's files, so that any host can try its networks with packets and without images.

    guests.py [--name=NAME] [--ping ADDRESS...]

Both take leases, and try their gateway, each other, NAME in the DNS, and whether the addresses answer pings. Prints what they saw as JSON.
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


def within(guest):
    """A function that runs a command in the network of a guest that runs, to a CompletedProcess."""
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


def look(name, addresses):
    """Everything, as a dict."""
    guests = [within(guest) for guest in GUESTS]
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


def main():
    """Look."""
    top = argparse.ArgumentParser(description=__doc__)
    top.add_argument("--name", default="")
    top.add_argument("--ping", nargs="*", default=[])
    given = top.parse_args()
    json.dump(look(given.name, given.ping), sys.stdout)


if __name__ == "__main__":
    main()
