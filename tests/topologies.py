# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What info modules would tell of hosts that are made up, in the shapes in which they do."""

from __future__ import annotations

UUID = "00000000-0000-4000-8000-{:012d}"


def network(name, bridge, mode="nat", address=None, **more):
    """A network as virt_network_info tells it."""
    config = {"name": name, **({"forward": {"mode": mode}} if mode else {}), "bridge": {"name": bridge}}
    if address:
        subnet = address.rpartition(".")[0]
        config["ips"] = [{"address": address, "dhcp": {"ranges": [{"start": f"{subnet}.100", "end": f"{subnet}.199"}]}}]
    return {"name": name, "uuid": UUID.format(sum(map(ord, name))), "bridge": bridge, "active": True, "autostart": True, "lab": None,
            "leases": [], "guests": [], "config": config, **more}


def link(name, kind="nic", **more):
    """A device as virt_link_info tells it. What is in ``config`` beside its defaults is given; ``operstate`` is what it is."""
    told = {word: more.pop(word) for word in ("operstate", "mac", "lab") if word in more}
    config = {"name": name, "kind": kind, "up": True, "mtu": 1500, "addresses": [], "controller": "", **more}
    return {"name": name, "kind": kind, "mac": "52:54:00:aa:00:01", "lab": None, "operstate": "UP", **told, "config": config}


def nic(domain, number, network=None, addresses=(), state="running", **more):
    """A guest's NIC as virt_interface_info tells it."""
    running = state == "running"
    mac = f"52:54:00:00:{number // 256:02x}:{number % 256:02x}"
    config = {"domain": domain, "mac": mac, **({"network": network} if network else {}), **more.pop("config", {})}
    return {"domain": domain, "uuid": UUID.format(sum(ord(each) * 31 ** place for place, each in enumerate(domain)) % 10 ** 12), "driver": "QEMU",
            "domain_state": state, "persistent": True, "mac": config["mac"], "alias": None, "target": f"vnet{number}" if running else None, "type": "network",
            "model": "virtio", "link": "up", "stored": True, "live": running, "lab": None, "config": config,
            "addresses": [{"address": address, "told_by": source, "device": None} for address, source in addresses], "unknown": [], **more}


def few():
    """Two hosts with five guests, a bond with VLANs, a bridge that filters them, forwards, and something wrong."""
    default = {"ipv4": {"interface": "eth0", "gateway": "198.51.100.1"}}
    first = {
        "host": "alder", "default": default,
        "networks": [network("lab", "virbr1", address="192.168.150.1/24", leases=[
            {"address": "192.168.150.10/24", "mac": "52:54:00:00:00:01", "hostname": "web", "expires": 1}]),
            network("dmz", "virbr2", "open", "192.168.160.1/24"), network("quiet", "virbr3", None, "10.9.9.1/24", active=False, autostart=False)],
        "links": [link("eth0", addresses=["198.51.100.11/24"]), link("virbr1", "bridge", addresses=["192.168.150.1/24"]),
                  link("virbr2", "bridge", addresses=["192.168.160.1/24"]), link("vnet1", "tun", controller="virbr1"),
                  link("vnet2", "tun", controller="virbr1"), link("vnet3", "tun", controller="virbr2")],
        "nats": [{"name": "dmz", "network": "dmz", "kernel": "as asked", "lab": "shop", "forwards": [
            {"port": "443", "to": "192.168.160.10"}, {"port": "8080", "to": "192.168.160.10", "to_port": "80"}]}],
        "interfaces": [nic("web", 1, "lab", [("192.168.150.10/24", "lease"), ("192.168.150.10", "arp")]), nic("db", 2, "lab"),
                       nic("proxy", 3, "dmz", [("192.168.160.10/24", "agent")])],
        "neighbours": [{"neighbour": "docker", "networks": ["dmz"], "what": "what its guests begin is dropped by chain FORWARD of table ip filter",
                        "remedy": "iptables -I DOCKER-USER -i virbr2 -j ACCEPT"}],
    }
    second = {
        "host": "birch", "default": {"ipv4": {"interface": "br0", "gateway": "198.51.100.1"}},
        "networks": [network("lan", "br0", "bridge"), network("broken", "virbr9", "nat", "192.168.190.1/24", kernel={"dnsmasq": "dead"})],
        "links": [link("br0", "bridge", addresses=["198.51.100.12/24"], vlan_filtering=True, ports=[
            {"name": "bond0.10", "pvid": 1}, {"name": "vnet4", "pvid": 20}, {"name": "vnet5", "pvid": 1, "tagged": ["30-39"]}]),
            link("bond0.10", "vlan", controller="br0", link="bond0", vlan={"id": 10}), link("bond0", "bond", bond={"mode": "active-backup"}),
            link("eth1", controller="bond0"), link("eth2", controller="bond0", operstate="DOWN"), link("virbr9", "bridge", addresses=["192.168.190.1/24"]),
            link("vnet4", "tun", controller="br0"), link("vnet5", "tun", controller="br0")],
        "interfaces": [nic("mail", 4, "lan", [("198.51.100.40", "arp")]), nic("router", 5, "lan", [("198.51.100.41", "agent")]),
                       nic("router", 6, "broken"), nic("old", 7, "gone", state="shut off")],
        "neighbours": [],
    }
    return [first, second, {"host": "cedar", "failed": "Failed to connect to the host via ssh: No route to host"}]


def many(guests=100, hosts=4):
    """Hosts with many guests, each on a NAT network or the LAN; some are shut off, and some have no address."""
    found = []
    for place in range(hosts):
        mine = range(place, guests, hosts)
        nets = [network("default", "virbr0", address=f"10.{place}.0.1/24"), network("lan", "br0", "bridge"),
                network("lonely", "virbr7", None, f"10.{place}.7.1/24")]
        nics = []
        for number in mine:
            state = "shut off" if number % 11 == 5 else "running"
            addresses = [] if state != "running" or number % 17 == 3 else [(f"10.{place}.{number % 3}.{100 + number % 100}/24", "lease")]
            nics.append(nic(f"guest-{number:03d}", number, "lan" if number % 3 == 0 else "default", addresses, state))
            if number % 10 == 0:
                nics.append(nic(f"guest-{number:03d}", 1000 + number, "lonely", [(f"10.{place}.7.{number % 250}", "arp")] if addresses else [], state))
        links = [link("eth0", controller="br0"), link("br0", "bridge", addresses=[f"198.51.100.{11 + place}/24"])]
        links += [link(each, "bridge") for each in ("virbr0", "virbr7")]
        links += [link(each["target"], "tun", controller="br0" if each["config"]["network"] == "lan" else "virbr0") for each in nics if each["target"]]
        found.append({"host": f"host{place + 1}", "default": {"ipv4": {"interface": "br0", "gateway": "198.51.100.1"}}, "networks": nets, "links": links,
                      "interfaces": nics})
    return found


#: of characters that are wide
WIDE = "\u4e2d\u6587\u865a\u62df\u673a\u7684\u540d\u5b57" * 3
#: what would end a script, an element, a string or a comment, of whatever writes it
EVIL = """</script><script>window.broken=1</script>"'`;#{{}}&lt;<img src=x onerror=window.broken=1>\\" -->]]>|$%"""


def evil():
    """A host on which everything has a name that means harm."""
    return [{"host": EVIL, "default": {}, "networks": [network(EVIL, "br0")], "links": [link("br0", "bridge")],
             "interfaces": [nic(EVIL, 1, EVIL, config={"portgroup": EVIL}), nic(WIDE, 2, EVIL)],
             "neighbours": [{"neighbour": EVIL, "networks": [EVIL], "what": EVIL, "remedy": EVIL}]}]
