# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a network, each with another value, and what it came to that they were changed while the network ran and guests on it pinged each other."""

from __future__ import annotations

import json
import re

from ansible_collections.virtlab.network.plugins.module_utils.model.network import Network
from ansible_collections.virtlab.network.plugins.module_utils.model.option import declared

from testbed import guest

UUID = "2f1c7a60-1b1e-4b8a-9a7d-6c0f3d1e5a{:02x}"
FOUR = {"address": "10.79.0.1/24", "local_ptr": False, "tftp": {"root": "/srv"}, "dhcp": {
    "ranges": [{"start": "10.79.0.100", "end": "10.79.0.150", "lease": {"expiry": 60, "unit": "minutes"}}],
    "hosts": [{"mac": "52:54:00:79:00:05", "ip": "10.79.0.5", "name": "five", "lease": {"expiry": 60, "unit": "minutes"}}],
    "bootp": {"file": "a.img", "server": "10.79.0.1"}}}
SIX = {"address": "fd79::1/64", "dhcp": {"ranges": [{"start": "fd79::100", "end": "fd79::150"}], "hosts": [{"id": "00:01:00:01:2c:79", "ip": "fd79::5"}]}}
#: as much as a network with a bridge of libvirt's own can have
FULL = {
    "name": "one", "mac": "52:54:00:79:00:fe", "metadata": ["<a xmlns='urn:one'></a>"], "bridge": {"name": "test-one", "stp": False},
    "forward": {"mode": "nat", "nat": {"address": {"start": "203.0.113.20", "end": "203.0.113.29"}, "port": {"start": 2000, "end": 3000}}},
    "bridge_ports": ["test0"], "domain": {"name": "one.test"}, "ips": [FOUR, SIX], "port": {}, "dnsmasq_options": ["log-queries"],
    "dns": {"forwarders": [{"addr": "203.0.113.1", "domain": "corp.test"}], "hosts": [{"ip": "10.79.0.9", "hostnames": ["nine"]}],
            "txts": [{"name": "one.test", "value": "hello"}],
            "srvs": [{"service": "ldap", "protocol": "tcp", "domain": "one.test", "target": "five.one.test", "port": 389, "priority": 1, "weight": 1}]},
    "routes": [{"address": "10.78.0.0/24", "gateway": "10.79.0.200", "metric": 2}], "portgroups": [{"name": "slow"}],
}
BARE = {"name": "one", "bridge": {"name": "test-one", "stp": False}, "forward": {"mode": "nat"}, "ips": [{"address": "10.79.0.1/24"}]}
OPEN = {**BARE, "forward": {"mode": "open"}, "proxied": {"dev": "test0", "addresses": ["203.0.113.20"]}}
PARAMETERS = {"managerid": 1, "typeid": 2, "typeidversion": 3, "instanceid": UUID.format(1)}
QBG = {"type": "802.1Qbg", "parameters": PARAMETERS}
RATES = {"inbound": {"average": 1000, "peak": 2000, "burst": 512}, "outbound": {"average": 1000, "peak": 2000, "burst": 512}}
OTHER_RATES = [(f"{way}.{name}", value) for way in RATES for name, value in (("average", 1100), ("peak", 2200), ("burst", 600))]
OTHER_PARAMETERS = [("managerid", 11), ("typeid", 12), ("typeidversion", 13), ("instanceid", UUID.format(3))]
SHARED = {"name": "one", "forward": {"mode": "vepa", "interfaces": [{"dev": "test0"}, {"dev": "test2"}]}, "virtualport": QBG}
#: a machine's NIC of kind igb has its virtual functions at 10.0, 10.2, ... 11.4 of its bus; wan's is the first
POOL = {"name": "one", "forward": {"mode": "hostdev", "managed": True, "driver": {"name": "vfio"},
                                   "addresses": [{"domain": "0x0000", "bus": "0x01", "slot": "0x10", "function": "0x0"}]}}
PORTED = {"type": "openvswitch", "parameters": {"profileid": "a", "interfaceid": UUID.format(2)}}
SWITCH = {"name": "one", "forward": {"mode": "bridge"}, "bridge": {"name": "ovs0"}, "virtualport": PORTED, "vlan": {"tags": [{"id": 7}]},
          "portgroups": [{"name": "a", "virtualport": PORTED, "vlan": {"tags": [{"id": 8}]}}]}


def under(path, pairs):
    """The same changes below a path."""
    return [(f"{path}.{name}", value) for name, value in pairs]


#: what: (the network at first, whether guests are on it, its changes one after the other: (path of an option, value))
MATRIX = {
    "a bridge of libvirt's own": (FULL, True, [
        ("name", "two"), ("title", "one"), ("description", "the first"), ("metadata[0]", "<b xmlns='urn:two'></b>"), ("bridge_ports[0]", "test2"),
        ("mtu", 1400),
        ("mac", "52:54:00:79:00:fd"), ("ipv6", True), ("trust_guest_rx_filters", True), ("bridge.delay", 2), ("bridge.zone", "public"),
        ("domain.name", "two.test"), ("domain.local_only", True), ("domain.register", True),
        ("forward.nat.ipv6", True), ("forward.nat.address.start", "203.0.113.21"), ("forward.nat.address.end", "203.0.113.28"),
        ("forward.nat.port.start", 2001), ("forward.nat.port.end", 2999), ("forward.dev", "eth0"),
        ("dns.forward_plain_names", False), ("dns.forwarders[0].addr", "203.0.113.2"), ("dns.forwarders[0].domain", "corp2.test"),
        ("dns.hosts[0].ip", "10.79.0.10"), ("dns.hosts[0].hostnames[0]", "ten"), ("dns.txts[0].name", "txt.one.test"), ("dns.txts[0].value", "there"),
        *under("dns.srvs[0]", [("service", "sip"), ("protocol", "udp"), ("domain", "two.test"), ("target", "six.one.test"), ("port", 390), ("priority", 2),
                               ("weight", 2)]),
        ("ips[0].family", "ipv4"), ("ips[0].local_ptr", True), ("ips[0].tftp.root", "/tmp"),
        *under("ips[0].dhcp", [("ranges[0].start", "10.79.0.101"), ("ranges[0].end", "10.79.0.149"), ("ranges[0].lease.expiry", 2),
                               ("ranges[0].lease.unit", "hours"), ("hosts[0].mac", "52:54:00:79:00:06"), ("hosts[0].ip", "10.79.0.6"),
                               ("hosts[0].name", "six"),
                               ("hosts[0].lease.expiry", 2), ("hosts[0].lease.unit", "hours"), ("bootp.file", "b.img"), ("bootp.server", "10.79.0.2")]),
        ("ips[1].dhcp.hosts[0].id", "00:01:00:01:2c:7a"), ("ips[0].address", "10.79.0.2/24"),
        *under("routes[0]", [("address", "10.77.0.0/24"), ("gateway", "10.79.0.201"), ("metric", 3), ("family", "ipv4")]),
        *under("portgroups[0]", [("name", "slower"), ("default", True), ("trust_guest_rx_filters", True), ("bandwidth", RATES)]),
        *under("portgroups[0].bandwidth", [*OTHER_RATES, ("inbound.floor", 100), ("outbound.floor", 100)]),
        ("port.isolated", True), ("dnsmasq_options[0]", "log-dhcp"), ("uuid", UUID.format(9)), ("bridge.name", "test-two"), ("bridge.stp", True),
    ]),
    "no name server": (BARE, True, [("dns", {"enable": False})]),
    "addresses of the NIC's subnet": (OPEN, False, [("proxied.dev", "test2"), ("proxied.addresses[0]", "203.0.113.21")]),
    "forward modes": (BARE, True, [("forward.mode", "route"), ("forward.mode", "open"), ("forward.mode", "isolated"), ("forward", {"mode": "nat"})]),
    "devices to share": (SHARED, False, [
        ("forward.interfaces[1].dev", "test3"), *under("virtualport.parameters", OTHER_PARAMETERS), ("portgroups", [{"name": "a", "virtualport": QBG}]),
        *under("portgroups[0].virtualport.parameters", OTHER_PARAMETERS),
    ]),
    "a switch": (SWITCH, False, [
        ("vlan.tags[0].id", 9), ("vlan.tags[0].native_mode", "tagged"), ("vlan.trunk", True), ("virtualport.parameters.profileid", "b"),
        ("virtualport.parameters.interfaceid", UUID.format(4)), ("portgroups[0].vlan.tags[0].id", 9), ("portgroups[0].vlan.tags[0].native_mode", "untagged"),
        ("portgroups[0].vlan.trunk", True), ("portgroups[0].virtualport.parameters.profileid", "b"),
        ("portgroups[0].virtualport.parameters.interfaceid", UUID.format(4)),
    ]),
    "another switch": ({name: value for name, value in SWITCH.items() if name not in ("vlan", "portgroups")}, False, [
        ("virtualport", {"type": "midonet", "parameters": {"interfaceid": UUID.format(2)}}),
        ("portgroups", [{"name": "a", "virtualport": {"type": "midonet", "parameters": {"interfaceid": UUID.format(2)}}}]),
        ("portgroups[0].virtualport.type", "openvswitch"),
    ]),
}
#: what takes a kernel or devices that only virtual machines have
MACHINES = {
    "a table of libvirt's own": (BARE, True, [("bridge.mac_table_manager", "libvirt")]),
    "rates": ({**BARE, "bandwidth": RATES}, True, [*under("bandwidth", OTHER_RATES), ("bandwidth.inbound.floor", 100), ("bandwidth.outbound.floor", 100)]),
    "a pool of PCI devices": (POOL, False, [
        ("forward.managed", False), *under("forward.addresses[0]", [("domain", "0x0001"), ("bus", "0x02"), ("slot", "0x11"), ("function", "0x2")]),
        ("forward.driver.model", "vfio-pci-a"), ("forward.driver.name", "kvm"),
    ]),
    "virtual functions": ({"name": "one", "forward": {"mode": "hostdev", "pf": {"dev": "wan"}, "driver": {"name": "vfio"}}}, False, [
        ("forward.pf.dev", "wan2"),
    ]),
}
#: what is refused, and why
REFUSED = {
    "name": "is the bridge of the active network one", "uuid": "a network keeps its uuid", "forward.addresses.domain": "is not an SR-IOV Virtual Function",
    "bridge.name": "would go on to name test-one", "bridge.zone": "firewalld", "domain.register": "systemd-resolved",
    **{f"{path}bandwidth.{way}.floor": "floor" for path in ("", "portgroups.") for way in RATES},
}


def paths(cls, path=""):
    """Paths of all options of a dataclass that hold a value."""
    for name, entry in declared(cls):
        yield from paths(entry.kind, f"{path}{name}.") if entry.nested else [f"{path}{name}"]


def bare(path):
    """A path without numbers of members of lists."""
    return re.sub(r"\[[0-9]+\]", "", path)


def later(cls, path=""):
    """(path, first version of libvirt) of the options of a dataclass that came later than others."""
    for name, entry in declared(cls):
        if entry.since:
            yield f"{path}{name}", tuple(map(int, entry.since.split(".")))
        if entry.nested:
            yield from later(entry.kind, f"{path}{name}.")


LATER = dict(later(Network))
#: of libvirt, by releases of Debian
VERSIONS = {"bookworm": (9, 0, 0), "trixie": (11, 3, 0)}


def come_to(inside, host, base, with_guests, changes):
    """Make changes to a network on a host, and return what they came to, in order."""
    given = {"network": base, "changes": [], "ping": None}
    inside(host, "matrix", input=json.dumps(given))
    pair = [guest.start(host, name, {"network": "one"}, kind="lxc") for name in ("here", "there") if with_guests]
    for number, one in enumerate(pair, 1):
        if base == FULL:
            one.address()  # which clears others when it comes
        one.run("ip", "address", "add", f"10.79.0.{number + 20}/24", "dev", "eth0")
    given.update(changes=changes, ping=pair[0].within("ping", "-n", "-i", "0.1", "10.79.0.22") if pair else None)
    done = inside(host, "matrix", input=json.dumps(given))
    for one in pair:
        one.stop()
    return [json.loads(line) for line in done.stdout.splitlines()]


def cables(host):
    """Two, to be ports and to be shared."""
    for number in (0, 2):
        host.run("ip", "link", "add", f"test{number}", "type", "veth", "peer", "name", f"test{number + 1}")


def wrong(found, version):
    """What is wrong with what changes came to, with some version of libvirt."""
    for each in found:
        path = bare(each["path"])
        refused = REFUSED.get(path)
        if LATER.get(path, (0,)) > version:
            refused = "needs libvirt"
        if "error" in each or refused is not None:
            if refused is None or refused not in each.get("error", "no error"):
                yield each
        elif not each["predicted"] or not each["unchanged"] or (each["said"] or "live") != each["paid"] or each["paid"] != "restart" and lost(each):
            yield each


def lost(change):
    """True where more packets were lost than libvirt loses. For ranges and hosts of DHCP it takes the network's rules away and puts them back, and where a
    host's bridges pass through iptables a few packets come in between. Source: networkUpdate in src/network/bridge_driver.c.
    """
    return (change["lost"] or 0) > (10 if re.search(r"\.dhcp\.(ranges|hosts)", bare(change["path"])) else 0)
