# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nft(8) and the kernel take whatever virt_firewall makes of its options. Of its two tables that of inet, which any kernel can have."""

from __future__ import annotations

import ipaddress
import itertools
import json
import re
import time

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.codec import nft_firewall
from ansible_collections.virtlab.network.plugins.module_utils.model.firewall import ACTIONS, Firewall, Members
from ansible_collections.virtlab.network.plugins.module_utils.model.option import read

from testbed.bed import BedError


def members(devices=(), subnets=(), host=False):
    """The Members of a zone."""
    return Members(devices, tuple(map(ipaddress.ip_network, subnets)), host=host)


#: one of each sort of zone; the second of a pair is another of the same sort
ZONES = {
    "host": members(host=True),
    "nic": members(("eth0",)), "bridges": members(("virbr1", "virbr2")), "odd": members(("a$b;{", "br-lab.5", "ö,#|&")),
    "four": members(subnets=("192.0.2.0/24", "198.51.100.7")), "four2": members(subnets=("203.0.113.0/25", "203.0.113.128/25", "10.0.0.0/16")),
    "six": members(subnets=("2001:db8:1::/48",)), "six2": members(subnets=("2001:db8:2::/48", "fd00::1")),
    "both": members(subnets=("172.16.0.0/12", "2001:db8:3::/48")), "mixed": members(("br7", "br8"), ("10.8.0.0/16", "2001:db8:8::/48")),
    "nested": members(subnets=("100.64.0.0/10", "100.64.0.0/16", "100.64.0.1")),
}
#: those that are everybody, beside whom there are but devices
WORLD = {"world": members(subnets=("0.0.0.0/0", "::/0")), **{name: ZONES[name] for name in ("host", "nic", "bridges")}}
ADDRESSES = (None, ("10.0.0.0/8", "10.1.0.0/16", "192.0.2.1"), ("fd00::/8",), ("0.0.0.0/0", "::/0"), ("10.0.0.0/8", "fd00::/8"))
PORTS = (None, ("80",), ("22", "80-90", "85", "85-95", "443"), ("1-65535", "1"))


def rules():
    """Rules of every combination that options allow."""
    for source, target, action in itertools.product(ADDRESSES, ADDRESSES, ACTIONS):
        if not source or not target or {":" in each for each in source} & {":" in each for each in target}:
            yield {"action": action, "saddr": source, "daddr": target}
            yield {"action": action, "saddr": source, "daddr": target, "protocol": "tcp", "ports": ("22", "80-90")}
    for protocol, ports in itertools.product(("tcp", "udp", "sctp"), PORTS):
        yield {"protocol": protocol, "ports": ports}
    for protocol in ("icmp", "icmpv6", "gre", "esp", "ah"):
        yield {"protocol": protocol}
        yield {"protocol": protocol, "saddr": ("10.0.0.0/8", "fd00::/8")}
    for unit, number, burst in itertools.product(("second", "minute", "hour", "day"), (1, 10, 999999999), (None, 1, 65535)):
        yield {"limit": f"{number}/{unit}", "burst": burst}
    for said in ("x" * 127, "ü" * 63, "{ drop; } #%s'@x:  ", " ", "*"):
        yield {"log": said, "comment": said, "limit": "10/second", "protocol": "tcp", "ports": ("22",), "action": "reject"}
    yield {"comment": "$x" * 64}


def policies(zones, **options):
    """Policies from each zone to each between which there may be packets."""
    return [{"src": src, "dst": dst, **options} for src, dst in itertools.product(zones, zones) if meet(zones[src], zones[dst])]


def meet(source, target):
    """True where there may be packets: not from the host to itself, nor from one version of IP to the other."""
    versions = [{subnet.version for subnet in each.subnets} for each in (source, target) if not each.devices and not each.host]
    return not (source.host and target.host) and (not versions or bool(set.intersection(*versions)))


def inet(zones, given):
    """What nft(8) reads of the table of inet."""
    data = read(Firewall, {"zones": [{"name": name} for name in zones], "policies": given})
    return nft_firewall.text("x", data, zones, "default").partition("table bridge")[0]


def listed(host, text):
    """What the kernel has of it, in a network namespace of its own; twice, as it takes the place of itself."""
    script = 'text=$(cat); for each in 1 2; do echo "$text" | nft -f - || exit; done; exec nft list ruleset'
    return host.run("unshare", "--net", "sh", "-c", script, input=text).stdout


CASES = {
    "all zones": (ZONES, policies(ZONES)), "everybody": (WORLD, policies(WORLD)), "all rules": (ZONES, policies({"nic": ZONES["nic"]}, rules=list(rules()))),
    **{f"{src} to {dst}": (ZONES, [{"src": src, "dst": dst}]) for src, dst in (each.values() for each in policies(ZONES))},
    **{f"otherwise {action}": (ZONES, policies(ZONES, default=action, log=None if action == "accept" else "x: ")) for action in ACTIONS},
}


def test_it_is_taken(host):
    """Each of many, in one process: what is refused is told with its name."""
    refused = {}
    for name, (zones, given) in CASES.items():
        try:
            shown = listed(host, inet(zones, given))
        except BedError as err:
            refused[name] = str(err)
            continue
        if shown.count("jump") < 1 or shown.count("\tchain ") < len(given) + 1:
            refused[name] = shown
    assert refused == {}


@pytest.mark.parametrize("kind", ["devices", "subnets", "both"])
def test_fifty_zones(host, kind):
    """And a policy from each to each."""
    zones = {f"z{number}": members((f"br{number}",) if kind != "subnets" else (), (f"10.{number}.0.0/16", f"fd00:{number}::/32") if kind != "devices" else ())
             for number in range(50)}
    began = time.monotonic()
    text = inet(zones, policies(zones, rules=[{"protocol": "tcp", "ports": ["22"]}]))
    made = time.monotonic()
    assert listed(host, text).count("\tchain z") == 2500
    assert made - began < 3 and time.monotonic() - made < 60


def test_what_the_host_says_to_itself_passes(host):
    """By whichever of its addresses, though everybody's way to it is closed, and its own to everybody."""
    text = inet(WORLD, [{"src": "world", "dst": "host"}, {"src": "host", "dst": "world"}])
    script = "ip link set lo up; ip address add 192.0.2.1/32 dev lo; ip address add 2001:db8::1/128 dev lo nodad; nft -f - && exec ping -c1 -W1 $0"
    for address in ("127.0.0.1", "::1", "192.0.2.1", "2001:db8::1"):
        assert host.run("unshare", "--net", "sh", "-c", script, address, input=text, check=False).returncode == 0, address


def test_rules_of_frames_are_taken(host):
    """All but the look at the bridge, and the tracking of connections there, which not every kernel has."""
    zones = {"br": members(("br0",))._replace(bridges=("br0",), bare=("br0",)), "host": ZONES["host"]}
    data = read(Firewall, {"zones": [{"name": name} for name in zones], "policies": [{"src": "br", "dst": "br", "rules": list(rules()), "log": "x: "},
                                                                                     {"src": "br", "dst": "host"}]})
    text = "".join(nft_firewall.text("x", data, zones, "default").partition("table bridge")[1:])
    assert text.count(nft_firewall.ANSWERS) == 1 and text.count('meta ibrname "br0" ether type arp drop') == 1
    shown = listed(host, re.sub('meta [io]brname "br0" ', "", text).replace(nft_firewall.ANSWERS, ""))
    assert "ether type arp accept" in shown and "reject" not in shown and "jump br-to-br" in shown


#: runs in a network namespace, which has two others on cables, of 10.9.1.2 and 10.9.2.2: what is asked there, as (where, to whom, from which address)
TRY = """
import json, os, socket, subprocess, sys, time
text, cells = json.load(sys.stdin)
run = lambda *words, **more: subprocess.run(words, check=True, **more)
away = lambda number, *words, **more: subprocess.Popen(("nsenter", "-t", str(places[number].pid), "-n", *words), stdout=subprocess.PIPE, text=True, **more)
hear = "import socket, time; s = socket.create_server((%r, 22)); c = s.accept()[0]; print(flush=True); time.sleep(1.5); c.sendall(b'late'); time.sleep(9)"
ask = ("import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((sys.argv[2], 0)); s.settimeout(1); s.connect((sys.argv[1], 9)); "
       "s.send(b'?')\\ntry: print(s.recv(9).decode())\\nexcept OSError: print('nobody')")
tell = ("import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('', 9)); print(flush=True)\\n"
        "while True: s.sendto(b'yes', s.recvfrom(9)[1])")
places = {number: subprocess.Popen(("unshare", "-n", "sleep", "60")) for number in (1, 2)}
time.sleep(0.5)
run("ip", "link", "set", "lo", "up")
for number, place in places.items():
    run("ip", "link", "add", f"v{number}", "type", "veth", "peer", "name", "eth0", "netns", str(place.pid))
    run("ip", "address", "add", f"10.9.{number}.1/24", "dev", f"v{number}")
    run("ip", "link", "set", f"v{number}", "up")
    for words in (f"address add 10.9.{number}.2/24 dev eth0", f"address add 10.8.0.{number}/32 dev eth0", "link set eth0 up",
                  f"route add default via 10.9.{number}.1"):
        away(number, "ip", *words.split()).wait()
    run("sysctl", "-q", f"net.ipv4.conf.v{number}.rp_filter=0")
run("ip", "route", "add", "10.8.0.1", "dev", "v1")
run("sysctl", "-q", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0")
late = subprocess.Popen((sys.executable, "-c", hear % "10.9.1.1"), stdout=subprocess.PIPE)
time.sleep(0.5)
old = away(1, sys.executable, "-c", "import socket; s = socket.create_connection(('10.9.1.1', 22)); s.settimeout(6); print(s.recv(9).decode())")
late.stdout.readline()
servers = [away(2, sys.executable, "-c", tell), subprocess.Popen((sys.executable, "-c", tell), stdout=subprocess.PIPE)]
for each in servers:
    each.stdout.readline()
run("nft", "-f", "-", input=text, text=True)
print(json.dumps([old.communicate()[0].strip(), *(away(number, sys.executable, "-c", ask, *more).communicate()[0].strip() for number, *more in cells)]))
for each in (*servers, late, *places.values()):
    each.kill()
"""
POLICIES = [{"src": "own", "dst": "far"}, {"src": "near", "dst": "far", "rules": [{"protocol": "udp", "ports": ["1-8", "10"], "action": "accept"}]},
            {"src": "host", "dst": "near"}, {"src": "near", "dst": "host", "default": "accept", "rules": [{"saddr": ["10.8.0.0/16"], "action": "drop"}]}]
ACCEPT = {"protocol": "udp", "ports": ["9"]}


@pytest.mark.parametrize(("changed", "reached"), [
    ({}, "host"), ({0: {"default": "accept"}}, "host"), ({1: {"rules": [ACCEPT]}}, "far, far as another, host"),
    ({1: {"rules": [{"action": "drop", "saddr": ["10.8.0.1"]}, ACCEPT]}}, "far, host"),
    ({1: {"rules": [ACCEPT, {"action": "drop", "saddr": ["10.8.0.1"]}]}}, "far, far as another, host"),
    ({3: {"default": "drop", "rules": [{**ACCEPT, "limit": "1/day", "burst": 1}]}}, "host"),
    ({3: {"default": "drop", "rules": [{**ACCEPT, "limit": "1/day", "burst": 2}]}}, "host, host as another"),
])
def test_whom_packets_reach(host, changed, reached):
    """The device decides before an address that a guest gave itself, the first rule that fits counts, and what began before goes on."""
    zones = {"near": members(("v1",)), "far": members(("v2",)), "own": members(subnets=("10.8.0.0/16",)), "host": members(host=True)}
    text = inet(zones, [{**each, **changed.get(number, {})} for number, each in enumerate(POLICIES)])
    asked = {"far": ("10.9.2.2", "10.9.1.2"), "far as another": ("10.9.2.2", "10.8.0.1"), "host": ("10.9.1.1", "10.9.1.2"),
             "host as another": ("10.9.1.1", "10.8.0.1")}
    old, *seen = json.loads(host.run("unshare", "--net", "python3", "-c", TRY, input=json.dumps([text, [(1, *each) for each in asked.values()]])).stdout)
    assert ", ".join(name for name, said in zip(asked, seen) if said == "yes") == reached
    assert old == "late" or 3 in changed  # whose own next word may come first, and is let in no more
