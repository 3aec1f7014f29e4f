# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans for policies between zones: who belongs to them on this host, and what stands against them."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.codec import nft_firewall
from ansible_collections.virtlab.network.plugins.module_utils.errors import ValidationError
from ansible_collections.virtlab.network.plugins.module_utils.model.firewall import Firewall, Members
from ansible_collections.virtlab.network.plugins.module_utils.model.link import Link, WantedLink
from ansible_collections.virtlab.network.plugins.module_utils.model.network import Bridge
from ansible_collections.virtlab.network.plugins.module_utils.model.network_state import NetworkState
from ansible_collections.virtlab.network.plugins.module_utils.model.option import Bag, read
from ansible_collections.virtlab.network.plugins.module_utils.model.table import MISSING, WantedTable
from ansible_collections.virtlab.network.plugins.module_utils.plan import families, firewall

from . import plans, test_link
from .plans import active, ips, network


@dataclass
class Host(plans.Host):
    """The rest of the host, as plans of policies see it."""

    records: dict = field(default_factory=dict)
    bridges: dict = field(default_factory=dict)
    ports: dict = field(default_factory=dict)
    boots: bool = True
    rules = staticmethod(nft_firewall.text)


def firewalls(zones, *policies, name="f"):
    """What a task asks for: zones by name, and policies between them as pairs, or dicts."""
    given = [each if isinstance(each, dict) else {"src": each[0], "dst": each[1]} for each in policies]
    return WantedTable("firewall", name, read(Firewall, {"zones": [{"name": zone, **members} for zone, members in zones.items()], "policies": given}))


def plan(*wanted, beside=(), observed=None, **host):
    """The Items of a plan for firewalls, with what else the task asks for."""
    states = {**{(each.family, each.name): None for each in (*wanted, *beside)}, **(observed or {})}
    items = families.make_plan([*wanted, *beside], states, Host(**host)).items
    return [item for item in items if item.family == "firewall"]


def stored(*wanted):
    """Records of what tasks asked for, as a plan finds them."""
    return {each.name: SimpleNamespace(state=SimpleNamespace(data=each.data)) for each in wanted}


def refused(words, *wanted, **host):
    """True where a plan is refused with these words in front."""
    with pytest.raises(ValidationError) as caught:
        plan(*wanted, **host)
    assert str(caught.value).startswith(words)


HOST = {"host": True}
ROUTED = network("r", forward={"mode": "route"}, bridge={"name": "virbr1"}, **ips("10.1.0.1/24"))
OF_NETWORK = firewalls({"a": {"networks": ["r"]}, "h": HOST}, ("a", "h"))


def whom(*wanted, **more):
    """The zones of a plan's only item."""
    item, = plan(*wanted, **more)
    return item.target.whom


def test_zones_by_networks():
    """Of what is there, of what runs rather than what is stored, of what is planned in the same task, and of one that is not active."""
    running = NetworkState(replace(ROUTED, bridge=network(bridge={"name": "virbr9"}).bridge), ROUTED)
    for state in (active(ROUTED), NetworkState(ROUTED, None), NetworkState(None, ROUTED), running):
        assert whom(OF_NETWORK, networks={"r": state}) == {"a": Members(("virbr1",), (), ("virbr1",)), "h": Members(host=True)}
    assert whom(OF_NETWORK, beside=[plans.wanted("r", definition=ROUTED)])["a"].bridges == ("virbr1",)
    mixed = firewalls({"a": {"networks": ["r"], "devices": ["eth1", "virbr1"], "subnets": ["10.0.0.0/8"]}, "h": HOST}, ("a", "h"))
    members = whom(mixed, networks={"r": active(ROUTED)})["a"]
    assert (members.devices, members.bridges, str(members.subnets[0])) == (("eth1", "virbr1"), ("virbr1",), "10.0.0.0/8")
    bridged = network("r", forward={"mode": "bridge"}, bridge={"name": "br0"})
    assert whom(OF_NETWORK, networks={"r": active(bridged)})["a"] == Members(("br0",), (), ("br0",))


@pytest.mark.parametrize(("definition", "words"), [
    (None, "no such network; make it first, or in the same task of virt_host"),
    (network("r", **ips("10.1.0.1/24")), "libvirt has not chosen its bridge yet; give the network's bridge a name"),
    (replace(network("r"), bridge=Bridge("virbr%d")), "libvirt has not chosen its bridge yet; give the network's bridge a name"),
    (network("r", forward={"mode": "vepa", "dev": "eth0"}), "its forward mode vepa has no bridge; give devices or subnets instead"),
    (network("r", forward={"mode": "private", "dev": "eth0"}), "its forward mode private has no bridge; give devices or subnets instead"),
    (network("r", forward={"mode": "hostdev"}), "its forward mode hostdev has no bridge; give devices or subnets instead"),
    (network("r", bridge={"name": 'v";'}), "its bridge is 'v\";', which must be a device name without quotes"),
    (network("r", bridge={"name": "vir*"}), "its bridge is 'vir*', which must be a device name without quotes"),
])
def test_networks_without_a_bridge_are_refused(definition, words):
    """With what to do."""
    refused(f"zones[0].networks is 'r': {words}", OF_NETWORK, networks={"r": active(definition)} if definition is not None else {})


def test_networks_that_go_are_no_zone():
    """In the same task."""
    beside = [plans.wanted("r", "absent")]
    refused("zones[0].networks is 'r': no such network", OF_NETWORK, beside=beside, observed={("network", "r"): active(ROUTED)}, networks={"r": active(ROUTED)})


BOTH = firewalls({"a": {"devices": ["br0", "eth0"]}, "h": HOST}, ("a", "a"), ("a", "h"))


def bridge(name="br0", **options):
    """A bridge that the same task makes."""
    return WantedLink("bridge", name, "bridge", Link(**options), persist="none")


@pytest.mark.parametrize(("more", "bridges", "bare"), [
    ({}, (), ()),
    ({"bridges": {"br0": ()}}, ("br0",), ("br0",)),
    ({"bridges": {"br0": ("192.0.2.1/24",)}}, ("br0",), ()),
    ({"networks": {"r": active(network("r", bridge={"name": "br0"}))}}, ("br0",), ("br0",)),
    ({"networks": {"r": NetworkState(network("r", bridge={"name": "br0"}, **ips("10.1.0.1/24")), None)}}, ("br0",), ()),
    ({"networks": {"r": active(network("r", forward={"mode": "bridge"}, bridge={"name": "br0"}))}}, (), ()),
    ({"beside": [plans.wanted("r", definition=network("r", bridge={"name": "br0"}))]}, ("br0",), ("br0",)),
])
def test_bridges_are_known(more, bridges, bare):
    """From the host, from networks, also those that are not active, and from the same task; and whether the host has an address there."""
    members = whom(BOTH, **more)["a"]
    assert (members.devices, members.bridges, members.bare) == (("br0", "eth0"), bridges, bare)


@pytest.mark.parametrize(("wanted", "there", "bridges", "bare"), [
    (bridge(), {}, ("br0",), ("br0",)),
    (bridge(), {"br0": ("192.0.2.1/24",)}, ("br0",), ()),
    (bridge(addresses=Bag(["192.0.2.1/24"])), {"br0": ()}, ("br0",), ()),
    (bridge(addresses=Bag()), {"br0": ("192.0.2.1/24",)}, ("br0",), ("br0",)),
    (replace(bridge(), uplink="eth9"), {}, ("br0",), ()),
    (replace(bridge(), state="absent"), {}, (), ()),
    (WantedLink("tap", "br0", "tun", Link()), {}, (), ()),
])
def test_bridges_of_the_same_task(wanted, there, bridges, bare):
    """With the addresses that they shall have; what is no bridge is none."""
    others = firewall.NO_OTHERS._replace(bridges=wanted.bridges)
    item, = firewall.items_of([BOTH], {"f": None}, Host(bridges=there), others)
    assert (item.target.whom["a"].bridges, item.target.whom["a"].bare) == (bridges, bare)


def test_bridges_of_the_same_task_are_told():
    """By the plan of their family."""
    host = Host()
    host.of = lambda family: test_link.Host() if family == "link" else host
    beside = bridge(addresses=Bag(["192.0.2.1/24"]))
    items = families.make_plan([BOTH, beside], {("firewall", "f"): None, ("link", "br0"): None}, host).items
    members = next(item for item in items if item.family == "firewall").target.whom["a"]
    assert (members.bridges, members.bare) == (("br0",), ())


@pytest.mark.parametrize(("one", "other", "both"), [
    ({"devices": ["eth0", "eth1"]}, {"devices": ["eth2", "eth1"]}, "eth1"),
    ({"networks": ["r"]}, {"networks": ["r"]}, "virbr1"),
    ({"networks": ["r"]}, {"devices": ["virbr1"]}, "virbr1"),
    ({"subnets": ["10.0.0.0/8"]}, {"subnets": ["192.0.2.0/24", "10.1.0.0/16"]}, "10.1.0.0/16"),
    ({"subnets": ["fd00::1"]}, {"subnets": ["::/0"]}, "fd00::1/128"),
    (HOST, HOST, "the host"),
    ({"networks": ["r"]}, {"subnets": ["10.1.0.0/24"]}, None),
    ({"subnets": ["0.0.0.0/0"]}, {"subnets": ["::/0"]}, None),
    ({"devices": ["eth0"]}, {"subnets": ["10.0.0.0/8"]}, None),
    ({"devices": ["eth0"]}, HOST, None),
])
def test_zones_of_one_resource_do_not_overlap(one, other, both):
    """A packet would be of two."""
    wanted = firewalls({"a": one, "b": other, "c": {"devices": ["eth9"]}}, ("a", "c"))
    if both is None:
        assert plan(wanted, networks={"r": active(ROUTED)})[0].steps
    else:
        refused(f"zones[1] is 'b': {both} belongs to zone a as well; let each be of one zone", wanted, networks={"r": active(ROUTED)})


ALL = {"lan": {"devices": ["eth0"]}, "dmz": {"devices": ["virbr1"]}, "net": {"subnets": ["10.0.0.0/8"]}, "h": HOST}
OTHER = {"wan": {"devices": ["eth0", "eth1"]}, "front": {"networks": ["r"]}, "part": {"subnets": ["10.2.0.0/16"]}, "me": HOST}


@pytest.mark.parametrize(("mine", "theirs", "words"), [
    (("lan", "dmz"), ("wan", "front"), "eth0 begins towards virbr1"), (("dmz", "h"), ("front", "me"), "virbr1 begins towards the host"),
    (("h", "net"), ("me", "part"), "the host begins towards 10.2.0.0/16"), (("net", "net"), ("part", "part"), "10.2.0.0/16 begins towards 10.2.0.0/16"),
    (("lan", "dmz"), ("front", "wan"), None), (("lan", "dmz"), ("wan", "me"), None), (("lan", "h"), ("front", "me"), None),
    (("lan", "net"), ("wan", "front"), None), (("lan", "lan"), ("wan", "front"), None),
])
def test_two_resources_do_not_decide_about_the_same(mine, theirs, words):
    """They may know the same zones, under whatever names, as long as no pair of them is decided about twice; one that goes in the same task is not asked."""
    wanted, other = firewalls(ALL, mine), firewalls(OTHER, theirs, name="g")
    host = {"networks": {"r": active(ROUTED)}}
    gone = WantedTable("firewall", "g", state="absent")
    moved = firewalls(OTHER, ("part", "me"), name="g")
    for beside in (gone, moved):
        assert len(plan(wanted, beside, records=stored(other), **host)) == 2
    assert plan(wanted, records=stored(wanted), **host)[0].steps
    if words is None:
        assert plan(wanted, records=stored(other), **host)[0].steps and len(plan(wanted, other, **host)) == 2
        return
    said = f"policies[0] is '{mine[0]} to {mine[1]}': firewall g decides already about what {words}; let one resource decide about each"
    refused(said, wanted, records=stored(other), **host)
    refused(f"firewall f: {said}", wanted, other, **host)


@pytest.mark.parametrize("state", [None, active(network("r")), active(network("r", forward={"mode": "vepa", "dev": "eth0"}))])
def test_networks_of_others_are_theirs_to_look_after(state):
    """What became of them is no error of this task; the rest of the other's zones counts."""
    zones = {**OTHER, "front": {"networks": ["r"], "devices": ["virbr1"]}}
    host = {"networks": {"r": state} if state is not None else {}}
    mine, theirs, more = firewalls(ALL, ("lan", "dmz")), firewalls(OTHER, ("wan", "front"), name="g"), firewalls(zones, ("wan", "front"), name="g")
    assert plan(mine, records=stored(theirs), **host)[0].steps
    refused("policies[0] is 'lan to dmz': firewall g decides", mine, records=stored(more), **host)


def test_many_zones_take_no_time():
    """Fifty, a policy from each to each, beside as many of another resource."""
    pairs = list(itertools.product(range(50), range(50)))
    mine, theirs = (firewalls({f"z{number}": {"subnets": [f"10.{start + number}.0.0/16"]} for number in range(50)},
                              *((f"z{one}", f"z{other}") for one, other in pairs), name=name) for name, start in (("f", 0), ("g", 100)))
    began = time.monotonic()
    assert plan(mine, records=stored(theirs))[0].steps
    assert time.monotonic() - began < 5


NETWORKS = {mode: active(network(mode, forward={"mode": mode}, bridge={"name": f"br{mode}"}, **ips(f"10.{number}.0.1/24")))
            for number, mode in enumerate(("nat", "isolated", "route", "open"))}
RULE = {"rules": [{"action": "drop", "protocol": "tcp"}, {"protocol": "icmp"}]}


@pytest.mark.parametrize(("policy", "warned"), [
    (("lan", "nat", {"default": "accept"}), ["comes into network nat, whose forward mode is nat"]),
    (("lan", "nat", RULE), ["comes into network nat"]),
    (("lan", "nat", {}), []),
    (("lan", "nat", {"rules": [{"action": "reject"}]}), []),
    (("lan", "isolated", RULE), ["comes into network isolated, whose forward mode is isolated"]),
    (("isolated", "lan", RULE), ["leaves network isolated, whose forward mode is isolated"]),
    (("isolated", "nat", RULE), ["leaves network isolated", "comes into network nat"]),
    (("nat", "lan", RULE), []), (("route", "open", RULE), []), (("lan", "route", RULE), []),
    (("h", "nat", RULE), []), (("isolated", "h", RULE), []), (("isolated", "isolated", RULE), []), (("nat", "nat", RULE), []),
    (("lan", "device", RULE), ["comes into network nat"]),
])
def test_what_libvirt_rejects_is_warned_of(policy, warned):
    """Whatever is accepted here."""
    src, dst, options = policy
    zones = {"lan": {"devices": ["eth0"]}, "h": HOST, **{mode: {"networks": [mode]} for mode in NETWORKS}, "device": {"devices": ["brnat"]}}
    zones = {name: members for name, members in zones.items() if name in (src, dst)}
    item, = plan(firewalls(zones, {"src": src, "dst": dst, **options}), networks=NETWORKS)
    assert len(item.warnings) == len(warned)
    for said, words in zip(item.warnings, warned):
        assert said.startswith(f"policy {src} to {dst}: libvirt rejects what {words}") and said.endswith("forward modes open and route let it pass")


def test_ports_are_warned_of():
    """nft(8) knows their packets by the bridge; where no policy is about the zone it does not matter."""
    zones = {"a": {"devices": ["eth0", "eth1"]}, "b": {"devices": ["eth2"]}, "c": {"devices": ["eth3"]}}
    item, = plan(firewalls(zones, ("a", "b")), ports={"eth1": "br0", "eth3": "br0"})
    assert item.warnings == ("zones[0]: eth1 is a port of br0, by which its packets come and go; no policy is about them unless br0 is of the zone",)


def test_steps_and_changes():
    """What is there is left alone, with all that there is to warn of; a change is told by its policy, whatever order they have."""
    zones = {"a": {"devices": ["eth0"]}, "b": {"networks": ["nat"]}, "h": HOST}
    wanted = firewalls(zones, {"src": "a", "dst": "b", "default": "accept"}, ("a", "h"))
    first, = plan(wanted, networks=NETWORKS, boots=False)
    assert [step.verb for step in first.steps] == ["store", "load"] and len(first.warnings) == 2 and "systemd does not run here" in first.warnings[0]
    observed = {("firewall", "f"): replace(first.target, whom=None)}
    turned = firewalls(dict(reversed(zones.items())), ("a", "h"), {"src": "a", "dst": "b", "default": "accept"})
    for same in (wanted, turned):
        item, = plan(same, networks=NETWORKS, boots=False, observed=observed)
        assert (item.steps, item.changes, item.warnings) == ((), (), ())
    changed, = plan(firewalls(zones, ("a", "b"), ("a", "h")), networks=NETWORKS, observed=observed)
    assert [(each.field, each.before, each.after, each.cost) for each in changed.changes] == [("policies[a b].default", "accept", None, "live")]
    renamed = {"nat": active(network("nat", bridge={"name": "br1"}))}
    assert [each.field for each in plan(wanted, networks=renamed, observed=observed)[0].changes] == ["rules"]
    mended, = plan(wanted, networks=NETWORKS, observed={("firewall", "f"): replace(first.target, live=MISSING)})
    assert [step.verb for step in mended.steps] == ["load"]
    gone, = plan(WantedTable("firewall", "f", state="absent"), observed=observed)
    assert ([step.verb for step in gone.steps], gone.target) == (["unload", "forget"], None)
