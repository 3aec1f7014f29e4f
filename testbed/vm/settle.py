# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs in a machine that goes on from a template, and makes it one of its own; given JSON of vm.clone's as its argument."""

from __future__ import annotations

import ipaddress
import json
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

NETWORKD = Path("/etc/systemd/network")
PROFILES = Path("/etc/NetworkManager/system-connections")


def main():
    """Everything, for now and for each boot."""
    facts = json.loads(sys.argv[1])
    time.clock_settime(time.CLOCK_REALTIME, facts["time"])
    socket.sethostname(facts["name"])
    Path("/etc/hostname").write_text(f"{facts['name']}\n", encoding="utf-8")
    Path("/etc/hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {facts['name']}\n::1 localhost\n", encoding="utf-8")
    Path("/etc/machine-id").write_text(f"{uuid.uuid4().hex}\n", encoding="utf-8")
    Path("/etc/resolv.conf").write_text("".join(f"nameserver {server}\n" for server in facts["servers"]), encoding="utf-8")
    managed = facts["manager"] == "networkmanager"
    devices = {path.read_text(encoding="ascii").strip(): path.parent.name for path in Path("/sys/class/net").glob("*/address")}
    batch = []
    for nic in facts["nics"]:
        remember(nic, managed)
        batch += commands(nic, devices[nic["former"]], managed)
    subprocess.run(["ip", "-batch", "-"], input="\n".join(batch), text=True, check=True)
    if managed:
        subprocess.run(["nmcli", "connection", "reload"], check=True)
        for nic in facts["nics"]:
            subprocess.run(["nmcli", "connection", "up", nic["name"]], stdout=subprocess.DEVNULL, check=True)
    else:
        subprocess.run(["networkctl", "reload"], check=True)
        asking = [f"--interface={nic['name']}" for nic in facts["nics"] if nic["dhcp"]]
        if asking:
            subprocess.run(["/lib/systemd/systemd-networkd-wait-online", "--timeout=60", *asking], check=True)


def commands(nic, device, managed=False):
    """ip(8)'s commands that make a device the NIC; without addresses where it asks for them, or NetworkManager gives them, who takes others for somebody
    else's."""
    yield f"link set dev {device} down"
    yield f"link set dev {device} name {nic['name']} address {nic['mac']} mtu {nic['mtu']}"
    if managed:
        return
    if nic["dhcp"]:  # else the kernel heeds the router first, and keeps what it has of it
        return
    yield f"link set dev {nic['name']} up"
    for address in nic["addresses"]:
        yield f"address add {address} dev {nic['name']}" + (" nodad" if ":" in address else "")
    for gateway in nic["gateways"]:
        yield f"route add default via {gateway} dev {nic['name']}"


def remember(nic, managed=False):
    """Have systemd do the same at each boot. Its permanent address tells the NIC from bridges and VLANs that have the same."""
    # the former one until the first boot, also where its driver is loaded anew
    match = f"[Match]\nPermanentMACAddress={nic['mac']} {nic['former']}\n"
    link = f"{match}[Link]\nName={nic['name']}\nMACAddress={nic['mac']}\nMTUBytes={nic['mtu']}\n"
    (NETWORKD / f"20-{nic['name']}.link").write_text(link, encoding="utf-8")
    if managed:
        path = PROFILES / f"{nic['name']}.nmconnection"
        path.write_text(profile(nic), encoding="utf-8")
        path.chmod(0o600)
        return
    asks = "DHCP=yes" if nic["dhcp"] else "IPv6AcceptRA=no"
    network = f"[Match]\nName={nic['name']}\n[Network]\n{asks}\nConfigureWithoutCarrier=yes\n"
    network += "".join(f"Address={address}\n" for address in nic["addresses"]) + "".join(f"Gateway={gateway}\n" for gateway in nic["gateways"])
    (NETWORKD / f"20-{nic['name']}.network").write_text(network, encoding="utf-8")


def profile(nic):
    """NetworkManager's profile of a NIC, which as networkd's heeds no router advertisements but with DHCP."""
    text = f"[connection]\nid={nic['name']}\ntype=ethernet\ninterface-name={nic['name']}\n[ethernet]\nmtu={nic['mtu']}\n"
    for section, family, otherwise in (("ipv4", 4, "disabled"), ("ipv6", 6, "link-local")):
        addresses = [address for address in nic["addresses"] if ipaddress.ip_interface(address).version == family]
        gateways = [gateway for gateway in nic["gateways"] if ipaddress.ip_address(gateway).version == family]
        text += f"[{section}]\nmethod={'auto' if nic['dhcp'] else 'manual' if addresses else otherwise}\n"
        text += "".join(f"address{number}={address}\n" for number, address in enumerate(addresses, 1)) + "".join(f"gateway={each}\n" for each in gateways)
    return text


if __name__ == "__main__":
    main()
