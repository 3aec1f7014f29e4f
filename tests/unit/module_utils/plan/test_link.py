# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans for devices: what is asked is what changes, in an order that the kernel takes, and guests are spared."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.codec import link_record
from ansible_collections.virtlab.network.plugins.module_utils.errors import InUseError, ValidationError
from ansible_collections.virtlab.network.plugins.module_utils.model.bridge import Bridge, BridgePort, PortOptions
from ansible_collections.virtlab.network.plugins.module_utils.model.link import Kept, Link, LinkRoute, LinkState, OthersRoute, Rival, Seen, WantedLink
from ansible_collections.virtlab.network.plugins.module_utils.model.link_kinds import Bond, Tun, Vlan, Vxlan
from ansible_collections.virtlab.network.plugins.module_utils.model.option import Bag
from ansible_collections.virtlab.network.plugins.module_utils.plan.families import make_plan
from ansible_collections.virtlab.network.plugins.module_utils.plan.link_steps import steps_between
from ansible_collections.virtlab.network.plugins.module_utils.plan.link_target import expected

from .plans import Segments

OTHERS = (
    OthersRoute("0.0.0.0/0", 4, "10.0.0.9", words=("a",)), OthersRoute("10.8.0.0/16", 4, words=("b",)), OthersRoute("10.9.0.0/16", 4, "10.8.0.1", words=("c",)),
    OthersRoute("fd09::/32", 6, "fe80::9", words=("d",)), OthersRoute("10.7.0.0/16", 4, "10.0.0.9", "10.0.0.1", words=("e",)), OthersRoute("10.6.0.0/16", 4),
)
NIC = Seen("nic", None, None, 1500, True, ())


@dataclass
class Host(Segments):
    """The rest of the host, as plans of devices see it."""

    seen: dict = field(default_factory=dict)
    guests: tuple = ()
    networks: dict = field(default_factory=dict)
    keepers: tuple = ()
    open: tuple = ()
    files: dict = field(default_factory=dict)
    begun: dict = field(default_factory=dict)
    states: dict = field(default_factory=dict)
    routes: tuple = ()
    lines: tuple = ((), ())

    def state(self, name):
        """Any device's state."""
        return self.states.get(name)

    def others(self, name):
        """Somebody's routes."""
        return self.routes

    def uplink(self, name):
        """What the states say."""
        return self.states[name].uplink if self.states.get(name) is not None else None

    def inherited(self, name, by):
        """What else is written of it."""
        return self.lines

    def guarded(self, name):
        """TAPs are."""
        return name.startswith("tap")

    def busy(self, name):
        """Those that are said to be open."""
        return name in self.open

    def wireless(self, name):
        """One that is named so."""
        return name == "wlan0"

    def rival(self, name):
        """Who else configures it."""
        return self.files.get(name)

    def makes(self, by, record):
        """All but one kind."""
        return record.kind != "vxlan"

    def guests_own(self, name):
        """Those that are named so."""
        return name.startswith("vnet")

    @property
    def recorded(self):
        """Those whose states say that they come back."""
        return [name for name, state in self.states.items() if state is not None and state.kept is not None]

    def kept_above(self, name):
        """By their records."""
        return [each for each in self.recorded if self.states[each].kept.record.link.link == name]

    def kept(self, name):
        """What the states say."""
        return self.states[name].kept if self.states.get(name) is not None else None

    def gaps(self, kept):
        """None."""
        return []

    def unfinished(self, name):
        """What a killed run was to make."""
        return self.begun.get(name)

    def of(self, family):
        """All is one."""
        return self


def plans(wanted, observed=None, **host):
    """The items of a plan."""
    observed = observed or {}
    return make_plan(wanted, {("link", each.name): observed.get(each.name) for each in wanted}, Host(**host)).items


def bridge(name="br0", kind="bridge", **more):
    """A bridge as a task asks for it."""
    return WantedLink(kind, name, "bridge", data=more.pop("data", Bridge()), **more)


def there(name="br0", kind="bridge", data=None, ports=(), **link):
    """A device as it is."""
    common = {"up": True, "mtu": 1500, "mac": "52:54:00:00:00:01", "txqueuelen": 1000, "addresses": Bag(), "routes": Bag(), "controller": ""}
    whole = Bridge(stp=False, forward_delay=1500, vlan_default_pvid=1) if kind == "bridge" and data is None else data
    return LinkState(name, kind, Link(**{**common, **link}), whole, Bag(ports))


def verbs(item):
    """The steps' verbs."""
    return [step.verb for step in item.steps]


def test_only_what_is_asked_changes():
    """What nobody asks for may be whatever it is."""
    held = there(addresses=Bag(["10.0.0.1/24"]))
    assert plans([bridge()], {"br0": held})[0].steps == ()
    item = plans([bridge(data=Bridge(stp=True), link=Link(mtu=1400))], {"br0": held})[0]
    assert verbs(item) == ["change", "change"] and [change.field for change in item.changes] == ["mtu", "stp"]
    assert item.after["addresses"] == ["10.0.0.1/24"] and item.after["stp"] is True and item.cost == "live"


def test_timers_that_the_kernel_rounds_are_the_same():
    """It counts in ticks of its own; and with STP it wants two seconds."""
    held = there(data=Bridge(stp=True, forward_delay=200, ageing_time=3124, hello_time=100, max_age=600))
    assert plans([bridge(data=Bridge(forward_delay=1, ageing_time=3125, hello_time=101, max_age=601))], {"br0": held})[0].steps == ()
    assert plans([bridge(data=Bridge(ageing_time=3127))], {"br0": held})[0].steps != ()


def test_timers_that_stp_veils_are_as_asked():
    """Unless somebody wrote down that another was asked; where nobody did, that is told."""
    held = there(data=Bridge(stp=True, veiled=("ageing_time",)))
    item = plans([bridge(data=Bridge(ageing_time=6000))], {"br0": held})[0]
    assert item.steps == () and item.warnings == ("ageing_time cannot be seen while STP has another time in its place, and is taken to be 6000",)
    known = replace(held, data=replace(held.data, ageing_time=6000))
    same, other = (plans([bridge(data=Bridge(ageing_time=time))], {"br0": known})[0] for time in (6000, 7000))
    assert (same.steps, same.warnings, verbs(other)) == ((), (), ["change"])
    made = plans([bridge(data=Bridge(stp=True, ageing_time=5050, priority=7), persist="auto")], keepers=("networkmanager",))[0]
    assert verbs(made) == ["keep", "change"] and made.steps[1].value == ("br0", "bridge", Link(), Bridge(ageing_time=5050))  # who made it may have no word


@pytest.mark.parametrize("begun", [False, True])
def test_a_new_bridge_keeps_ports_that_join_it_by_themselves(begun):
    """Whose ports nobody asks for has those whose controller it is; also where the run before was killed."""
    killed = {"br0": link_record.load("br0", link_record.dump(plans([bridge()])[0].target))} if begun else {}
    item = plans([bridge()], begun=killed)[0]
    assert item.target.ports is None and item.after["ports"] == []
    made = there(ports=[BridgePort(name="veth0")])
    assert steps_between(made, expected(item.target, made, Host())) == steps_between(there(), expected(item.target, there(), Host()))
    listed = plans([bridge(ports=Bag())])[0]
    assert "controller" in [step.verb for step in steps_between(made, expected(listed.target, made, Host()))]


def test_addresses_go_before_others_come_and_routes_follow():
    """A route may have gone with an address, so all are told again."""
    routes = Bag([LinkRoute("10.9.0.0/16", "10.0.0.9")])
    held = there(addresses=Bag(["10.0.0.1/24"]), routes=routes)
    item = plans([bridge(link=Link(addresses=Bag(["10.0.0.2/24"]), routes=routes))], {"br0": held})[0]
    assert [(step.verb, step.value[0]) for step in item.steps][:3] == [("address", "del"), ("address", "replace"), ("route", "replace")]


def again(item):
    """Words of the routes of others that are put back."""
    return "".join(step.value[1].words[0] for step in item.steps if step.verb == "reroute")


def test_routes_of_others_come_back_where_they_can():
    """Those that the kernel drops; what cannot is told of."""
    held = there(addresses=Bag(["10.0.0.1/24"]))
    moved = plans([bridge(link=Link(addresses=Bag(["10.0.0.2/24"])))], {"br0": held}, routes=OTHERS)[0]
    assert again(moved) == "bac" and moved.warnings == ("routes of others that go with this: 10.7.0.0/16 via 10.0.0.9, 10.6.0.0/16",)
    more = plans([bridge(link=Link(addresses=Bag(["10.0.0.2/24"])))], {"br0": there(addresses=Bag(["10.0.0.1/24", "10.0.0.2/24"]))}, routes=OTHERS)[0]
    assert again(more) == "bac" and more.warnings == moved.warnings  # the second goes with the first
    apart = plans([bridge(link=Link(addresses=Bag(["10.0.2.2/24"])))], {"br0": there(addresses=Bag(["10.0.0.1/24", "10.0.2.2/24"]))}, routes=OTHERS)[0]
    assert again(apart) == "" and apart.warnings == ("routes of others that go with this: 10.7.0.0/16 via 10.0.0.9",)
    gone = plans([bridge(link=Link(addresses=Bag()))], {"br0": held}, routes=OTHERS)[0]
    assert again(gone) == "bc" and "0.0.0.0/0 via 10.0.0.9" in gone.warnings[0]
    bond = there("bond0", "bond", Bond(mode="802.3ad", lacp_rate="slow"), addresses=Bag(["10.0.0.1/24"]))
    bounced = plans([WantedLink("link", "bond0", "bond", data=Bond(lacp_rate="fast"))], {"bond0": bond}, routes=OTHERS)[0]
    assert again(bounced) == "bacde" and verbs(bounced)[-6:] == ["address", *["reroute"] * 5]
    down = plans([bridge(link=Link(up=False))], {"br0": held}, routes=OTHERS)[0]
    assert again(down) == "" and down.warnings and [step.verb for step in steps_between(there(up=False), down.observed)].count("reroute") == 5
    assert again(plans([bridge(link=Link(mtu=1400))], {"br0": held}, routes=OTHERS)[0]) == ""


def test_a_bond_is_changed_while_it_is_down_and_alone():
    """Its ports are put back, and its MAC address."""
    held = there("bond0", "bond", Bond(mode="balance-rr", miimon=100), ["eth1"])
    item = plans([WantedLink("link", "bond0", "bond", data=Bond(mode="802.3ad"))], {"bond0": held}, seen={"eth1": NIC})[0]
    assert verbs(item) == ["controller", "updown", "change", "change", "updown", "controller", "updown"] and item.cost == "restart"
    assert item.steps[2].value[2] == Link(mac="52:54:00:00:00:01")  # without ports it has another


def test_what_cannot_change_is_made_anew():
    """With all that it had; which is refused while somebody has it open."""
    held = there("tap0", "tun", Tun("tap", "", "", False, False, False), controller="br0")
    wanted = WantedLink("tap", "tap0", "tun", data=Tun(multi_queue=True))
    item = plans([wanted], {"tap0": held}, seen={"br0": Seen("bridge", None, None, 1500, True, ())})[0]
    assert verbs(item)[:2] == ["delete", "create"] and "controller" in verbs(item) and item.cost == "replace"
    with pytest.raises(InUseError, match=r"tap tap0 is in use by tap0 \(a program has it open\), and this makes it anew \(multi_queue cannot be changed\)"):
        plans([wanted], {"tap0": held}, open=("tap0",))
    assert plans([replace(wanted, force=True)], {"tap0": held}, open=("tap0",))[0].warnings != ()


def test_priorities_that_nobody_asks_for_any_more_are_mapped_to_none():
    """ip(8) adds to a map, and 0 is what is not in it."""
    held = there("v5", "vlan", Vlan(id=5, ingress_qos_map=Bag(["1:2", "3:4", "5:6"]), egress_qos_map=Bag(["7:7"])), link="eth1")
    wanted = WantedLink("link", "v5", "vlan", data=Vlan(ingress_qos_map=Bag(["1:2", "3:5", "4:0"])))
    item = plans([wanted], {"v5": held}, seen={"v5": Seen("vlan", None, "eth1", 1500, True, ())})[0]
    assert [step.value[3] for step in item.steps] == [Vlan(ingress_qos_map=Bag(["3:5", "5:0"]))] and item.target.data.ingress_qos_map == ("1:2", "3:5")
    assert plans([replace(wanted, data=Vlan(egress_qos_map=Bag(["7:7", "6:0"])))], {"v5": held})[0].steps == ()


def test_guests_ports_stay():
    """And are told."""
    held = there(ports=[BridgePort(name="tap1"), BridgePort(name="eth1")])
    item = plans([bridge(ports=Bag())], {"br0": held})[0]
    assert [step.value for step in item.steps] == [("eth1", "")] and item.after["unmanaged_ports"] == ["tap1"]
    guest = SimpleNamespace(domain="vm1", target="tap1", mac=None, network=None, bridge="br0")
    with pytest.raises(InUseError, match=r"bridge br0 is in use by vm1 \(tap1\), and this removes it"):
        plans([bridge(state="absent")], {"br0": held}, guests=(guest,))


def test_guests_above_a_nic_are_told():
    """By whatever is between them: a smaller MTU and another MAC address are told, and to go down is refused."""
    guest = SimpleNamespace(domain="vm1", target="macvtap0", mac=None, network=None, bridge=None)
    seen = {"v5": Seen("vlan", None, "eth1", 1500, True, ()), "macvtap0": Seen("macvtap", None, "v5", 1500, True, ()), "eth1": NIC}
    host = {"observed": {"eth1": there("eth1", "nic")}, "seen": seen, "guests": (guest,)}
    for link, told in ((Link(mtu=1400), (guest,)), (Link(mac="52:54:00:00:00:09"), (guest,)), (Link(mtu=1600), ()), (Link(txqueuelen=7), ())):
        item = plans([WantedLink("link", "eth1", None, link=link)], **host)[0]
        assert item.steps and item.guests == told, link
    down = WantedLink("link", "eth1", None, link=Link(up=False))
    with pytest.raises(InUseError, match=r"link eth1 is in use by vm1 \(macvtap0\), and this takes it down"):
        plans([down], **host)
    assert plans([replace(down, force=True)], **host)[0].guests == (guest,)


def test_who_refers_to_whom_decides_the_order():
    """Made from below; removed from above."""
    wanted = [bridge(ports=Bag([BridgePort(name="v5")])), WantedLink("link", "v5", "vlan", link=Link(link="bond0"), data=Vlan(id=5)),
              WantedLink("link", "bond0", "bond", data=Bond(), ports=Bag(["eth1"]))]
    assert [item.key for item in plans(wanted, seen={"eth1": NIC})] == ["bond0", "v5", "br0"]
    held = {"bond0": there("bond0", "bond", Bond(), ["eth1"]), "v5": there("v5", "vlan", Vlan(id=5), link="bond0"), "br0": there(ports=[BridgePort(name="v5")])}
    seen = {"v5": Seen("vlan", "br0", "bond0", 1500, True, ())}
    gone = plans([replace(each, state="absent") for each in reversed(wanted)], held, seen=seen)
    assert [item.key for item in gone].index("v5") < [item.key for item in gone].index("bond0")


def test_ports_and_controllers_must_agree():
    """Where they do, the bridge takes the port, with what the port says of itself."""
    tap = WantedLink("tap", "tap0", "tun", link=Link(controller="br0", port=PortOptions(isolated=True)), data=Tun(mode="tap"))
    items = plans([bridge(ports=Bag([BridgePort(name="tap0", cost=7)])), tap])
    assert [item.key for item in items] == ["tap0", "br0"] and "controller" not in verbs(items[0])
    assert items[1].target.port("tap0") == BridgePort(name="tap0", cost=7, isolated=True)
    for ports in (Bag(), Bag([BridgePort(name="eth1")])):
        with pytest.raises(ValidationError, match="make the two agree"):
            plans([bridge(ports=ports), tap], seen={"eth1": NIC})
    with pytest.raises(ValidationError, match="eth1 is a port of br1; say steal: true"):
        plans([bridge(ports=Bag([BridgePort(name="eth1")])), bridge("br1")], {"br1": there("br1", ports=[BridgePort(name="eth1")])},
              seen={"eth1": NIC._replace(master="br1")})
    with pytest.raises(ValidationError, match="in the ports of both br0 and br1"):
        plans([bridge(ports=Bag([BridgePort(name="eth1")])), bridge("br1", ports=Bag([BridgePort(name="eth1")]))], seen={"eth1": NIC})
    for options, words in ((BridgePort(name="tap0", isolated=False), r"port.isolated is True: of tap0 says so, and ports\[tap0\].isolated of br0 is False"),
                           (BridgePort(name="tap0", pvid=5), None), (BridgePort(name="tap0", isolated=True, cost=7), None)):
        if words is None:
            assert plans([bridge(ports=Bag([options])), tap])[1].target.port("tap0").isolated is True
            continue
        with pytest.raises(ValidationError, match=words):
            plans([bridge(ports=Bag([options])), tap])
    tagged = replace(tap, link=replace(tap.link, port=PortOptions(tagged=("7",))))
    with pytest.raises(ValidationError, match="port.pvid is None: of tap0 says so"):
        plans([bridge(ports=Bag([BridgePort(name="tap0", pvid=5, tagged=("7",))])), tagged])


def test_wireless_devices_are_no_ports():
    """Access points do not take the frames of others."""
    with pytest.raises(ValidationError, match="wlan0 is a Wi-Fi device"):
        plans([bridge(ports=Bag([BridgePort(name="wlan0")]))], seen={"wlan0": NIC})


def test_default_vlans_follow_the_bridge():
    """A new port has what the bridge gives it, and is told the rest."""
    held = there(data=Bridge(vlan_default_pvid=1, vlan_filtering=True), ports=[BridgePort(name="eth1", pvid=1)])
    item = plans([bridge(data=Bridge(vlan_default_pvid=9), ports=Bag([BridgePort(name="eth1", pvid=9)]))], {"br0": held}, seen={"eth1": NIC})[0]
    assert verbs(item) == ["change"]


def test_a_device_that_comes_back_at_boot_is_made_by_who_brings_it_back():
    """And all that was ever asked of it stands together."""
    first = plans([bridge(data=Bridge(stp=True), persist="auto")], keepers=("networkd",))[0]
    assert verbs(first) == ["keep"] and first.target.kept.record.data == Bridge(stp=True)
    held = replace(there(data=Bridge(stp=True, priority=32768)), lab="default", kept=first.target.kept)
    again, more = (plans([bridge(data=data, persist="auto")], {"br0": held}, keepers=("networkd",))[0] for data in (Bridge(stp=True), Bridge(priority=7)))
    assert again.steps == () and verbs(more) == ["change", "keep"] and more.target.kept.record.data == Bridge(stp=True, priority=7)
    assert verbs(plans([bridge(persist="none")], {"br0": held}, keepers=("networkd",))[0]) == ["keep"]
    assert plans([bridge(persist="auto")], {"br0": held}, keepers=())[0].steps == ()
    altered = replace(held, kept=replace(held.kept, intact=False))
    mended = plans([bridge(persist="auto")], {"br0": altered}, keepers=("networkd",))[0]
    assert [change.before for change in mended.changes] == ["networkd, whose files were altered"]
    assert "nobody brings it back at boot" in plans([bridge(persist="auto")])[0].warnings[0]


def test_what_is_taken_is_known_and_goes_back():
    """A port with what its bridge knew of it, unless the bridge gives it by itself; a bond takes its own back; what is kept of others loses what moves."""
    kept = Kept("networkd", there("br1", ports=[BridgePort(name="eth1", cost=9)]))
    states = {
        "eth1": there("eth1", "nic", controller="br1", up=False, port=PortOptions(cost=9), mtu=1400), "eth2": there("eth2", "nic", controller="bond0"),
        "br1": replace(there("br1", ports=[BridgePort(name="eth1", cost=9)]), kept=kept), "bond0": there("bond0", "bond", Bond(), ["eth2"]),
    }
    seen = {name: Seen(state.kind, state.link.controller or None, None, 1500, True, ()) for name, state in states.items()}
    wanted = bridge(ports=Bag([BridgePort(name="eth1"), BridgePort(name="eth2")]), steal=True, persist="auto")
    item = plans([wanted], seen=seen, states=states)[0]
    back = {each.key: each.observed for each in item.taken}
    assert list(back) == ["bond0", "eth1", "eth2", "br1"] and back["bond0"].ports == ("eth2",) and back["eth2"].link.controller is None
    assert back["eth1"].link == Link(up=False, mac="52:54:00:00:00:01", controller="br1", port=PortOptions(cost=9))
    assert item.steps[-1].value == ("br1", Kept("networkd", replace(kept.record, ports=Bag())))
    assert [(change.field, change.before, change.after) for change in item.changes][-1] == ("persist[br1].ports", ["eth1"], [])
    taken = replace(states["eth1"], link=replace(states["eth1"].link, controller="br0", port=PortOptions(pvid=1)))
    assert [step.verb for step in steps_between(taken, back["eth1"])] == ["controller", "port"]
    assert [step.verb for step in steps_between(replace(states["br1"], kept=item.steps[-1].value[1]), back["br1"])] == ["keep"]
    both = plans([wanted, bridge("br1", ports=Bag())], {"br1": states["br1"]}, seen=seen, states=states)
    assert [each.link.controller for item in both for each in (taken.observed for taken in item.taken) if each.name == "eth1"] == [None]
    assert verbs(plans([bridge(ports=Bag([BridgePort(name="eth1")]), persist="none", steal=True)], seen=seen, states=states)[0])[-1] != "keep"


def test_a_run_that_was_killed_leaves_no_port_to_two():
    """The port has moved, and is written down for both; and one with a controller of its own goes by that."""
    kept = Kept("networkd", there("br1", ports=[BridgePort(name="tap1")]))
    states = {"br1": replace(there("br1"), kept=kept), "br0": there()}
    seen = {name: Seen("bridge", None, None, 1500, True, ()) for name in states}
    held = there(ports=[BridgePort(name="tap1")])
    item = plans([bridge(ports=Bag([BridgePort(name="tap1")]), persist="auto")], {"br0": held}, seen=seen, states=states)[0]
    assert verbs(item) == ["keep"] and item.changes[0].field == "persist[br1].ports"
    tap = there("tap1", "tun", Tun("tap"), controller="br0")
    item = plans([WantedLink("tap", "tap1", "tun", link=Link(controller="br0"), data=Tun(), persist="auto")], {"tap1": tap}, seen=seen, states=states)[0]
    assert verbs(item) == ["keep"] and item.steps[0].value[0] == "br1"


def test_who_else_configures_a_device_is_told():
    """Unless it is to be taken over."""
    wanted = WantedLink("link", "eth1", None, link=Link(mtu=1400, addresses=Bag()), persist="networkd")
    host = {"observed": {"eth1": there("eth1", "nic")}, "keepers": ("networkd",), "files": {"eth1": Rival("networkd", "20-all.network", False)}}
    with pytest.raises(ValidationError, match="20-all.network of networkd configures eth1"):
        plans([wanted], **host)
    assert verbs(plans([replace(wanted, takeover=True)], **host)[0]) == ["change", "keep"]
    assert verbs(plans([replace(wanted, persist="none")], **host)[0]) == ["change"]
    file = Rival("ifupdown", "/etc/network/interfaces", True, "static", "/back")
    with pytest.raises(ValidationError, match="/etc/network/interfaces of ifupdown configures eth1.*with a copy below /back"):
        plans([wanted], **{**host, "files": {"eth1": file}})
    assert verbs(plans([replace(wanted, takeover=True)], **{**host, "files": {"eth1": file}})[0]) == ["change", "keep"]
    with pytest.raises(ValidationError, match="by dhcp, which nothing of ours does"):
        plans([replace(wanted, takeover=True)], **{**host, "files": {"eth1": replace(file, method="dhcp")}})
    with pytest.raises(ValidationError, match="networkd would have to, for what is on top of it"):
        plans([replace(wanted, name="v5", device="vlan", link=Link(link="eth1"), data=Vlan(id=5))],
              **{**host, "files": {"eth1": file}, "seen": {"eth1": Seen("nic", None, None, 1500, True, ())}, "observed": {}})


def test_what_nobody_can_make_at_boot_is_made_by_us():
    """And what comes back is told afterwards."""
    wanted = WantedLink("link", "vx", "vxlan", data=Vxlan(id=5), persist="networkd")
    assert verbs(plans([wanted], keepers=("networkd",))[0])[::len(verbs(plans([wanted], keepers=("networkd",))[0])) - 1] == ["create", "keep"]


def test_what_a_killed_run_began_is_gone_on_with():
    """With what that run was to make."""
    begun = LinkState("br0", "bridge", Link(up=True, addresses=Bag(["10.0.0.1/24"])), Bridge(stp=True), lab="web")
    held = replace(there(up=False), lab=None, interrupted=True)
    item = plans([bridge()], {"br0": held}, begun={"br0": begun})[0]
    assert verbs(item) == ["mark", "change", "updown", "address", "forget"]
    assert plans([bridge()], {"br0": replace(there(data=Bridge(stp=True), addresses=Bag(["10.0.0.1/24"])), lab="web", interrupted=True)},
                 begun={"br0": begun})[0].steps[0].verb == "forget"


def test_from_any_state_to_itself_there_is_nothing_to_do():
    """And what is gone needs one step."""
    for state in (there(ports=[BridgePort(name="eth1", pvid=1)]), there("b", "bond", Bond(mode="802.3ad"), ["eth1"]), there("d", "dummy")):
        assert steps_between(state, state) == () and len(steps_between(state, None)) == 1
    kept = replace(there(), kept=Kept("networkd", there()))
    assert [step.verb for step in steps_between(kept, None)] == ["keep", "delete"]
