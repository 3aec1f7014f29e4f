# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs in a machine that goes on from a template, and makes it one of its own; given JSON of vm.clone's as its argument."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

NETWORKD = Path("/etc/systemd/network")


def main():
    """Everything, for now and for each boot."""
    facts = json.loads(sys.argv[1])
    time.clock_settime(time.CLOCK_REALTIME, facts["time"])
    socket.sethostname(facts["name"])
    Path("/etc/hostname").write_text(f"{facts['name']}\n", encoding="utf-8")
    Path("/etc/hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {facts['name']}\n::1 localhost\n", encoding="utf-8")
    Path("/etc/machine-id").write_text(f"{uuid.uuid4().hex}\n", encoding="utf-8")
    Path("/etc/resolv.conf").write_text("".join(f"nameserver {server}\n" for server in facts["servers"]), encoding="utf-8")
    devices = {path.read_text(encoding="ascii").strip(): path.parent.name for path in Path("/sys/class/net").glob("*/address")}
    batch = []
    for nic in facts["nics"]:
        remember(nic)
        batch += commands(nic, devices[nic["former"]])
    subprocess.run(["ip", "-batch", "-"], input="\n".join(batch), text=True, check=True)
    subprocess.run(["networkctl", "reload"], check=True)


def commands(nic, device):
    """ip(8)'s commands that make a device the NIC."""
    yield f"link set dev {device} down"
    yield f"link set dev {device} name {nic['name']} address {nic['mac']} mtu {nic['mtu']}"
    yield f"link set dev {nic['name']} up"
    for address in nic["addresses"]:
        yield f"address add {address} dev {nic['name']}" + (" nodad" if ":" in address else "")
    for gateway in nic["gateways"]:
        yield f"route add default via {gateway} dev {nic['name']}"


def remember(nic):
    """Have systemd do the same at each boot. Its permanent address tells the NIC from bridges and VLANs that have the same."""
    # the former one until the first boot, also where its driver is loaded anew
    match = f"[Match]\nPermanentMACAddress={nic['mac']} {nic['former']}\n"
    link = f"{match}[Link]\nName={nic['name']}\nMACAddress={nic['mac']}\nMTUBytes={nic['mtu']}\n"
    network = f"[Match]\nName={nic['name']}\n[Network]\nIPv6AcceptRA=no\nConfigureWithoutCarrier=yes\n"
    network += "".join(f"Address={address}\n" for address in nic["addresses"]) + "".join(f"Gateway={gateway}\n" for gateway in nic["gateways"])
    (NETWORKD / f"20-{nic['name']}.link").write_text(link, encoding="utf-8")
    (NETWORKD / f"20-{nic['name']}.network").write_text(network, encoding="utf-8")


if __name__ == "__main__":
    main()
