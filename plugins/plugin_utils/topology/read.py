# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pure: from what info modules tell of each host to a Topology."""

from __future__ import annotations

import ipaddress
from itertools import groupby

from .. import addresses
from .model import Edge, Host, Node, Topology, Trouble

WORLD = "world"
#: findings of virt_neighbour_info that are settings of the whole host, and no packet's end
SETTINGS = ("br_netfilter", "rp_filter")
#: forward modes by which guests are on the host's own network, with a bridge or on a device
SHARED = ("bridge", "private", "vepa", "passthrough", "hostdev")


def topology(gathered):
    """The Topology of a list of dicts, one a host: ``host``, and what info modules returned, or ``failed``, why there is nothing."""
    hosts, nodes, edges = [], [], []
    for told in sorted(gathered, key=lambda each: each["host"]):
        one = _Host(told)
        hosts.append(one.host())
        nodes += one.nodes.values()
        edges += one.edges
    if any(edge.target == WORLD for edge in edges):
        nodes.append(Node(WORLD, "world", "World", "beyond the hosts"))
    return Topology(tuple(hosts), tuple(nodes), tuple(dict.fromkeys(edges)))


def _facts(*pairs):
    """Pairs of words, without those that say nothing."""
    shown = [(name, ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else value) for name, value in pairs]
    return tuple((name, str(value)) for name, value in shown if value not in (None, "", {}))


def _bare(address):
    return address.partition("/")[0]


def _yes(value):
    return "yes" if value else "no"


class _Host:
    """One host's nodes and edges, built from the guests' side to the world's."""

    def __init__(self, told):
        self.told, self.name = told, told["host"]
        self.links = {each["name"]: each for each in told.get("links", ())}
        self.networks = {each["name"]: each for each in told.get("networks", ())}
        self.default = {family: each for family, each in sorted((told.get("default") or {}).items()) if each.get("interface")}
        self.taps = {each["target"] for each in told.get("interfaces", ()) if each["live"] and each["target"]}
        self.nodes, self.edges = {}, []
        self.segments = {}
        self._segments()
        self._guests()
        self._ways()

    def host(self):
        """What stands above all of it."""
        guests = [node for node in self.nodes.values() if node.kind == "guest"]
        running = sum(dict(node.facts).get("state") == "running" for node in guests)
        failed = self.told.get("failed")
        troubles = (Trouble("bad", f"did not tell all that it has: {failed}", "did not tell all"),) if failed else ()
        settings = [each for each in self.told.get("neighbours", ()) if each["neighbour"] in SETTINGS]
        for each in settings:
            about = f"{each['neighbour']}: {each['what']} (networks {', '.join(each['networks'])})"
            troubles += (Trouble("warn", f"{about}. Remedy: {each['remedy']}", each["neighbour"]),)
        gateways = [(f"{family} gateway", f"{each.get('gateway')} by {each['interface']}") for family, each in self.default.items()]
        return Host(self.name, _facts(("guests", f"{len(guests)}, of which {running} run"), ("networks", len(self.networks)), *gateways), troubles)

    def _id(self, *words):
        return "/".join((self.name, *words))

    def _add(self, kind, words, label, sub="", facts=(), troubles=(), **more):
        node = Node(self._id(kind, *words), kind, label, sub, self.name, tuple(facts), tuple(troubles), **more)
        return self.nodes.setdefault(node.id, node).id

    # what guests are plugged into

    def _segments(self):
        """A node for each bridge with the networks on it, and for each network that has none."""
        listed = sorted(self.networks.values(), key=lambda each: (each["bridge"] or "", each["name"]))
        for bridge, group in groupby(listed, key=lambda each: each["bridge"]):
            for one in ([list(group)] if bridge else [[each] for each in group]):
                self._segment(bridge, one)
        for name, link in sorted(self.links.items()):
            if link["kind"] == "bridge" and ("bridge", name) not in self.segments:
                self._segment(name, [])

    def _segment(self, bridge, networks):
        link = self.links.get(bridge)
        label = ", ".join(each["name"] for each in networks) or bridge
        config = link["config"] if link else {}
        modes = [self._mode(each) for each in networks]
        held = config.get("addresses") or [each["address"] for network in networks for each in network["config"].get("ips", ())]
        own = [("bridge", bridge), ("addresses", held), ("MTU", config.get("mtu")), ("MAC", link["mac"] if link else None),
               ("VLAN filtering", _yes(config["vlan_filtering"]) if "vlan_filtering" in config else None), ("VLANs", _vlans(config)),
               ("ports", [port["name"] for port in config.get("ports") or ()]), ("lab", link["lab"] if link else None)]
        told = [pair for network in networks for pair in self._of_network(network, len(networks) > 1)]
        inactive = bool(networks) and not any(each["active"] for each in networks)
        troubles = [each for network in networks for each in self._network_troubles(network)]
        if link and config.get("up") is False and not inactive:
            troubles.append(Trouble("bad", f"bridge {bridge} is down", "down"))
        said = [each.short for each in troubles[:1]]
        sub = " ".join(filter(None, [*said, bridge if networks else "bridge", *(held[:1] if not said else ())]))
        place = self._add("network", [bridge or networks[0]["name"]], label, sub, _facts(*told, *own), troubles)
        if bridge:
            self.segments["bridge", bridge] = place
        for network, mode in zip(networks, modes):
            self.segments["network", network["name"]] = place
            config = network["config"].get("forward", {})
            if mode in SHARED:
                for dev in [config.get("dev"), *(each["dev"] for each in config.get("interfaces", ()))]:
                    self._leads(place, dev)

    @staticmethod
    def _mode(network):
        if "xml" in network["config"]:
            return "of its own"
        return network["config"].get("forward", {}).get("mode", "isolated")

    def _of_network(self, network, several):
        before = f"{network['name']}: " if several else ""
        config = network["config"]
        ranges = [f"{each['start']} to {each['end']}" for ip in config.get("ips", ()) for each in (ip.get("dhcp") or {}).get("ranges", ())]
        leases = [f"{_bare(each['address'])} {each['hostname'] or each['mac']}" for each in sorted(network["leases"], key=lambda each: each["address"])]
        groups = [f"{each['name']} ({', '.join(str(tag['id']) for tag in each['vlan'].get('tags', ()))})" if each.get("vlan") else each["name"]
                  for each in config.get("portgroups", ())]
        return [(before + name, value) for name, value in (
            ("network", network["name"]), ("forward mode", self._mode(network)), ("active", _yes(network["active"])), ("autostart", _yes(network["autostart"])),
            ("DHCP", ranges), ("leases", leases), ("portgroups", groups), ("network's lab", network["lab"]), ("UUID", network["uuid"]))]

    def _network_troubles(self, network):
        if not network["active"]:
            should = " and should start by itself" if network["autostart"] else ""
            yield Trouble("warn" if should else "off", f"network {network['name']} is inactive{should}", "inactive")
        for what, value in (network.get("kernel") or {}).items():
            said = f"{what.replace('_', ' ')} {', '.join(map(str, value)) if isinstance(value, list) else value}"
            yield Trouble("bad", f"network {network['name']} is active, and yet in the kernel: {said}", said)
        for each in self.told.get("neighbours", ()):
            if network["name"] in each["networks"] and each["neighbour"] not in SETTINGS:
                yield Trouble("bad", f"{each['neighbour']}: {each['what']}. Remedy: {each['remedy']}", f"{each['neighbour']} drops")

    # guests

    def _guests(self):
        listed = sorted(self.told.get("interfaces", ()), key=lambda each: (each["domain"], each["driver"], each["uuid"]))
        for (name, driver, uuid), nics in groupby(listed, key=lambda each: (each["domain"], each["driver"], each["uuid"])):
            nics = list(nics)
            state = nics[0]["domain_state"]
            known = [address for nic in nics for address, unused in _addresses(nic)]
            troubles = [] if state in ("running", "shut off") else [Trouble("bad" if state == "crashed" else "warn", f"its state is {state}", state)]
            troubles += [Trouble("off", "shut off", "shut off")] if state == "shut off" else []
            facts = _facts(("state", state), ("driver", driver), ("addresses", known), ("stored", _yes(nics[0]["persistent"])), ("UUID", uuid))
            place = self._add("guest", [driver, name], name, state if state != "running" else ", ".join(known[:1]) or "running", facts, troubles)
            for nic in nics:
                self._nic(place, nic)

    def _nic(self, guest, nic):
        config = {**(nic["config"] or {}), **nic.get("running", {})}
        known = _addresses(nic)
        vlans = [str(tag["id"]) for tag in (config.get("vlan") or {}).get("tags", ())]
        network, bridge, dev = (config.get(each) for each in ("network", "bridge", "dev"))
        on = f"network {network}" if network else f"bridge {bridge}" if bridge else dev or nic["type"]
        running = nic["domain_state"] == "running" and nic["live"]
        link = self.links.get(nic["target"])
        troubles = []
        segment = self.segments.get(("network", network)) if network else self.segments.get(("bridge", bridge)) if bridge else None
        if segment is None and (network or bridge):
            troubles.append(Trouble("bad", f"{on} is not there", f"{on.split()[0]} is missing"))
        elif network and running and not self.networks[network]["active"]:
            troubles.append(Trouble("bad", f"network {network} is inactive", f"{network} is inactive"))
        if running and nic["link"] == "down":
            troubles.append(Trouble("warn", "its link is set down", "link down"))
        elif running and link and link["config"].get("up") is False:
            troubles.append(Trouble("bad", f"{nic['target']} is down", "down"))
        elif running and not known:
            troubles.append(Trouble("warn", "no address is known of it", "no address known"))
        sub = ", ".join(address for address, unused in known[:1]) or on
        sub = troubles[0].short if troubles else sub
        place = self._add("nic", [nic["driver"], nic["domain"], nic["mac"]], nic["target"] or nic["mac"], sub, _facts(
            ("on", on), ("MAC", nic["mac"]), ("addresses", [f"{address} (by {source})" for address, source in known]), ("device", nic["target"]),
            ("portgroup", config.get("portgroup")), ("VLAN", vlans), ("model", nic["model"]), ("link", nic["link"]), ("alias", nic["alias"]),
            ("MTU", config.get("mtu") or (link["config"].get("mtu") if link else None)), ("filter", (config.get("filterref") or {}).get("filter")),
            ("lab", nic["lab"]), ("stored", _yes(nic["stored"])), ("runs", _yes(nic["live"]))), troubles, of=guest)
        self.edges.append(Edge(guest, place))
        label = f"VLAN {', '.join(vlans)}" if vlans else config.get("portgroup") or self._tagged(bridge or self._bridge_of(network), nic["target"])
        if segment:
            self.edges.append(Edge(place, segment, label))
        elif dev:
            self._leads(place, dev)

    def _bridge_of(self, network):
        return self.networks[network]["bridge"] if network in self.networks else None

    def _tagged(self, bridge, port):
        """The VLAN that a port of a bridge that filters them is in, in words."""
        config = self.links[bridge]["config"] if bridge in self.links else {}
        found = next((each for each in config.get("ports") or () if each["name"] == port), {}) if config.get("vlan_filtering") else {}
        tagged = ", ".join(map(str, found.get("tagged") or ()))
        return " ".join(filter(None, ["VLAN" if found.get("pvid") or tagged else "", str(found.get("pvid") or ""), f"+ {tagged}" if tagged else ""]))

    # what leads out

    def _ways(self):
        for name, network in sorted(self.networks.items()):
            mode, forward = self._mode(network), network["config"].get("forward", {})
            nats = [each for each in self.told.get("nats", ()) if each.get("network") == name]
            if mode in ("nat", "route") or (mode == "open" and not nats):
                label = {"nat": "NAT", "route": "routed", "open": "routed"}[mode]
                facts = _facts(("by", "libvirt" if mode != "open" else "the host"), ("forward mode", mode), ("device", forward.get("dev")), ("network", name))
                self._way(self.segments["network", name], [mode, name], label, name, facts, [forward["dev"]] if forward.get("dev") else [])
        for each in sorted(self.told.get("nats", ()), key=lambda each: each["name"]):
            troubles = [Trouble("bad", f"the kernel has it {each['kernel']}", each["kernel"])] if each.get("kernel", "as asked") != "as asked" else []
            forwards = [f"{one.get('listen', 'any address')}:{one['port']}/{one.get('protocol', 'tcp')} to {one['to']}:{one.get('to_port', one['port'])}"
                        for one in each.get("forwards") or ()]
            sub = f"{len(forwards)} forward{'s' * (len(forwards) != 1)}" if forwards else "masquerade"
            facts = _facts(("by", "virt_nat"), ("name", each["name"]), ("network", each.get("network")), ("subnets", each.get("subnets")),
                           ("forwards", forwards), ("SNAT", each.get("snat")), ("devices", each.get("devices")), ("lab", each.get("lab")))
            sub = troubles[0].short if troubles else sub
            for segment in self._translated(each):
                self._way(segment, ["virt_nat", each["name"]], f"NAT {each['name']}", sub, facts, each.get("devices") or [], troubles)
        for name, link in sorted(self.links.items()):
            if link["kind"] == "bridge":
                for port in self._ports(name):
                    self._leads(self.segments["bridge", name], port, self._tagged(name, port))

    def _translated(self, nat):
        """The segments whose packets a virt_nat is about."""
        if nat.get("network"):
            return [self.segments["network", nat["network"]]] if nat["network"] in self.networks else []
        subnets = [ipaddress.ip_network(each) for each in nat.get("subnets") or ()]
        found = []
        for (kind, name), place in self.segments.items():
            config = self.links[name]["config"] if kind == "bridge" and name in self.links else {}
            inside = [ipaddress.ip_interface(each).ip for each in config.get("addresses") or ()]
            found += [place] if any(each in subnet for each in inside for subnet in subnets if each.version == subnet.version) else []
        return found

    def _way(self, segment, words, label, sub, facts, devices, troubles=()):
        way = self._add("way", words, label, sub, facts, troubles)
        self.edges.append(Edge(segment, way))
        for device in devices or dict.fromkeys(each["interface"] for each in self.default.values()):
            uplinks = self._ports(device) if self.links.get(device, {}).get("kind") == "bridge" else [device]
            for each in uplinks:
                self._leads(way, each, f"by {device}" if each != device else "")

    def _ports(self, bridge):
        """Ports of a bridge that lead to no guest."""
        found = sorted(name for name, link in self.links.items() if link["config"].get("controller") == bridge)
        return [name for name in found if name not in self.taps and self.links[name]["kind"] not in ("tun", "macvtap")]

    def _leads(self, source, name, label="", depth=0):
        """An edge to a device, and from there on to the devices below it, and the world."""
        link = self.links.get(name)
        if link is None:
            return
        config = link["config"]
        below = [each for each in (config.get("link"),) if each in self.links]
        below += sorted(each for each, other in self.links.items() if other["config"].get("controller") == name) if link["kind"] in ("bond", "team") else []
        troubles = [Trouble("bad", "it is down", "down")] if config.get("up") is False else []
        dark = not troubles and link["operstate"] in ("DOWN", "LOWERLAYERDOWN", "NOTPRESENT")
        troubles += [Trouble("bad", "it has no carrier", "no carrier")] if dark else []
        vlan = config.get("vlan", {}).get("id")
        sub = " ".join(filter(None, [troubles[0].short if troubles else "", f"VLAN {vlan}" if vlan else "",
                                     *(config.get("addresses") or ([link["kind"]] if link["kind"] != "nic" and not vlan else []))[:1]]))
        known = self._id("uplink", name) in self.nodes
        place = self._add("uplink", [name], name, sub, _facts(
            ("kind", link["kind"]), ("state", link["operstate"]), ("addresses", config.get("addresses")), ("MAC", link["mac"]), ("MTU", config.get("mtu")),
            ("VLAN", vlan), ("mode", config.get(link["kind"], {}).get("mode")), ("lab", link["lab"])), troubles, depth=depth)
        self.edges.append(Edge(source, place, label))
        if known:
            return
        for each in below:
            self._leads(place, each, depth=depth + 1)
        if not below:
            self._beyond(place, name, link)

    def _beyond(self, place, name, link):
        """An edge to the bridge that the other end of a cable is a port of, where that is on this host, or to the world."""
        peer = self.links.get(link["config"].get("veth", {}).get("peer"))
        if peer is None:
            gateways = [each.get("gateway") for each in self.default.values() if each["interface"] == name]
            self.edges.append(Edge(place, WORLD, ", ".join(filter(None, gateways))))


def _addresses(nic):
    """[(address, who told it)] of a NIC, each once, by who is best believed; none of the link alone."""
    found = {}
    for address, source in addresses.of(nic):
        if addresses.reached(address):
            found.setdefault(str(address), source)
    return list(found.items())


def _vlans(config):
    """VLANs of the ports of a bridge that filters them, in words."""
    if not config.get("vlan_filtering"):
        return []
    numbers = {each["name"]: [*([each["pvid"]] if each.get("pvid") else []), *(each.get("tagged") or ())] for each in config.get("ports") or ()}
    return [f"{name}: {' '.join(map(str, each))}" for name, each in numbers.items()]
