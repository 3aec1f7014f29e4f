# SPDX-License-Identifier: GPL-3.0-or-later
"""``make demo``: a NAT lab from nothing on a disposable host, tried with packets, converged again, and taken down.

Everything happens in namespaces of the lab's own. This machine's network is compared before and after.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from . import claim, guest, lab, root, topology, world
from .bed import BedError, need_root, run
from .play import play

NAME = "demo"
NETWORK = "nat_lab"
GATEWAY, STATIC, MAC = "192.168.150.1", "192.168.150.10", "52:54:00:96:00:0a"
LAN_ADDRESS = topology.ADDRESSES[0].format(topology.FIRST).partition("/")[0]
#: variables of the role guests
VM1 = {"guests_lab": NETWORK, "guests_list": [{**guest.options("vm1"), "interfaces": [{"mac": MAC, "network": NETWORK}]}]}
INTERNET = world.INTERNET[0]


@dataclass(frozen=True)
class Check:
    """One line of the table: what was tried, what was seen, and whether that is right."""

    what: str
    seen: str
    right: bool


class Demo:
    """Tells what happens, and remembers what was checked."""

    def __init__(self):
        self.begun = time.monotonic()
        self.checks = []

    def tell(self, text):
        """A heading with the time since the beginning."""
        print(f"\n[{time.monotonic() - self.begun:5.1f} s] {text}", flush=True)

    def check(self, what, seen, right):
        """Note a check, and show it at once."""
        self.checks.append(Check(what, " ".join(str(seen).split())[:60], bool(right)))
        print(f"    {'ok  ' if right else 'FAIL'}  {what}: {self.checks[-1].seen}", flush=True)

    def table(self):
        """The checks as a table."""
        width = max(len(check.what) for check in self.checks)
        rule = "-" * (width + 70)
        lines = [f"{'ok' if check.right else 'FAIL':4}  {check.what:{width}}  {check.seen}" for check in self.checks]
        return "\n".join([rule, *lines, rule])


def main():
    """Returns the exit code."""
    try:
        need_root("make demo")
        return tour(Demo())
    except BedError as err:
        print(f"demo: {err}", file=sys.stderr)
        return 1


def tour(demo):
    """The whole demonstration."""
    before = own_network()
    if NAME in claim.labs():
        claim.down(NAME)
    demo.tell("A disposable host: Debian with systemd and libvirtd, in namespaces of its own")
    root.build()
    running = lab.up(NAME)
    try:
        host = running.hosts["host1"]
        empty = traces(host)
        demo.tell("The NAT lab: ansible-playbook virtlab.network.nat_lab")
        play(running, "nat_lab", show=indent)
        print(host.run("virsh", "net-list", "--all").stdout, flush=True)
        demo.tell("Two guests: vm1, a QEMU machine, by ansible-playbook virtlab.network.guests, and vm2, a container")
        guests = start_guests(running, host)
        demo.tell("Packets")
        packets(demo, running, host, *guests)
        demo.tell("The same playbooks again")
        for name, variables in (("nat_lab", {}), ("guests", VM1)):
            changed = play(running, name, variables, show=quiet)
            demo.check(f"second run of {name}", f"changed={changed['host1']}", changed == {"host1": 0})
        demo.tell("Teardown: everything that bears the mark of the lab, and nothing else")
        guests[1].stop()  # the other one bears the lab's mark
        play(running, "teardown", {"lab": NETWORK}, show=indent)
        left = traces(host)
        demo.check("nothing is left on the host", difference(empty, left) or "networks, guests, devices, addresses, dnsmasq, rules as before", left == empty)
    finally:
        claim.down(NAME)
    after = own_network()
    demo.check("this machine's own network", difference(before, after) or "untouched", before == after)
    demo.tell("What was seen")
    print(demo.table())
    wrong = [check for check in demo.checks if not check.right]
    print(f"{len(demo.checks) - len(wrong)} passed, {len(wrong)} failed")
    return 1 if wrong else 0


def start_guests(running, host):
    """vm1 with the MAC address of the static lease, as a user makes it, and vm2, which is told here what it runs."""
    play(running, "guests", VM1, show=indent)
    found = guest.Guest(host, "vm1", "vm"), guest.start(host, "vm2", {"network": NETWORK}, kind="lxc")
    found[0].ready()
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda each: each.address(), found))
    return found


def packets(demo, running, host, vm1, vm2):
    """What the guests can do, and what cannot be done to them."""
    addresses = [vm1.address(), vm2.address()]
    demo.check("vm1 has its static lease", addresses[0], addresses[0] == STATIC)
    demo.check("vm2 has a lease of the range", addresses[1], addresses[1].startswith("192.168.150.1") and 100 <= int(addresses[1].split(".")[3]) <= 199)
    for each, name in ((vm1, "vm1"), (vm2, "vm2")):
        demo.check(f"{name} pings its gateway", *pinged(each.run("ping", "-c", "1", "-W", "5", GATEWAY)))
    demo.check("vm1 pings vm2", *pinged(vm1.run("ping", "-c", "1", "-W", "5", addresses[1])))
    for each, name, fetch in ((vm1, "vm1", ["wget"]), (vm2, "vm2", ["busybox", "wget"])):
        answer = each.run(*fetch, "-qO-", f"http://{INTERNET}/")
        demo.check(f"{name} is seen outside as the host", answer.text, answer.text.strip() == LAN_ADDRESS)
    path = [line.split()[1] for line in vm2.run("tracepath", "-n", INTERNET).text.splitlines() if " reached" in line or GATEWAY in line]
    demo.check("vm2's path outside", " > ".join(dict.fromkeys(path)), list(dict.fromkeys(path)) == [GATEWAY, INTERNET])
    for name, address in (("vm1.lab.test", STATIC), ("gateway.lab.test", GATEWAY), ("internet.test", INTERNET)):
        answer = vm2.run("getent", "ahostsv4", name)
        demo.check(f"vm2 resolves {name}", answer.text.split()[0] if answer.text else "no answer", answer.text.startswith(f"{address} "))
    vm1.run("httpd", "-h", "/")
    fetch = ["timeout", "5", "busybox", "wget", "-qO-", f"http://{STATIC}/init"]
    inside = host.run(*fetch, check=False)
    demo.check("the host reaches a server on vm1", "answered" if inside.returncode == 0 else "no answer", inside.returncode == 0)
    running.world("ip", "route", "replace", f"{STATIC}/32", "via", LAN_ADDRESS)
    outside = running.world(*fetch, check=False)
    demo.check("the world cannot reach it", "answered" if outside.returncode == 0 else "no answer", outside.returncode != 0)


def pinged(answer):
    """(what a ping printed of its time, whether it was answered)."""
    times = [word for word in answer.text.split() if word.startswith("time=")]
    return (f"{times[0]} ms" if times else answer.text), answer.code == 0 and bool(times)


def traces(host):
    """What a network leaves on a host: networks, devices with their addresses, dnsmasq, and rules that name a device."""
    return {
        "networks": host.run("virsh", "net-list", "--all").stdout.splitlines(),
        "guests": host.run("virsh", "list", "--all").stdout.splitlines(),
        "devices": sorted(f"{link['ifname']} {address['local']}" for link in json.loads(host.run("ip", "-j", "address").stdout)
                          for address in link["addr_info"]),
        "dnsmasq": host.run("pgrep", "-a", "dnsmasq", check=False).stdout.splitlines(),
        "rules": [line for line in host.run("iptables-save").stdout.splitlines() if "virbr" in line or "192.168.150." in line],
        "files": host.run("find", "/etc/libvirt", "/var/lib/libvirt", "-name", f"*{NETWORK}*", "-o", "-name", "vm1*",
                          "-not", "-path", "*/domain-*").stdout.splitlines(),
    }


def own_network():
    """This machine's devices, addresses, routes, and namespaces that are not the test bed's, for comparison."""
    links = json.loads(run("ip", "-j", "address").stdout)
    return {
        "devices": sorted(link["ifname"] for link in links),
        "addresses": sorted(f"{link['ifname']} {address['local']}/{address['prefixlen']}" for link in links for address in link["addr_info"]),
        "routes": sorted(json.dumps(route) for route in json.loads(run("ip", "-j", "route", "show", "table", "all").stdout)),
        "namespaces": sorted(line for line in run("ip", "netns", "list").stdout.splitlines() if not line.startswith("vlb-")),
    }


def difference(before, after):
    """What differs between two such dicts, in words; '' where nothing does."""
    found = []
    for name, old in before.items():
        found += [f"{name}: new {entry}" for entry in after[name] if entry not in old] + [f"{name}: gone {entry}" for entry in old if entry not in after[name]]
    return "; ".join(found)


def indent(line):
    """Show a line of Ansible's."""
    if line.strip():
        print(f"    {line}", flush=True)


def quiet(line):
    """Show Ansible's recap alone."""
    if "changed=" in line:
        indent(line)


if __name__ == "__main__":
    sys.exit(main())
