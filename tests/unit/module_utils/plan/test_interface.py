# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of guests' NICs: steps, prices, what is told and refused, and every place where a run can be killed."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.desired.interface import interface
from ansible_collections.virtlab.network.plugins.module_utils.errors import InUseError, UnsupportedError, ValidationError
from ansible_collections.virtlab.network.plugins.module_utils.model.interface import Mark
from ansible_collections.virtlab.network.plugins.module_utils.model.kernel import Kernel, Port
from ansible_collections.virtlab.network.plugins.module_utils.plan import families
from ansible_collections.virtlab.network.plugins.module_utils.plan.families import family_of
from ansible_collections.virtlab.network.plugins.module_utils.plan.interface_steps import steps_between
from ansible_collections.virtlab.network.plugins.module_utils.plan.plan import Plan

from tests.unit.module_utils.plan import plans
from tests.unit.module_utils.plan.nics import ONE, THREE, TWO, Host, guest, nic, options, plan, plan_of, state_of, took
from tests.unit.module_utils.plan.plans import active, network

PLUGGED = nic(device="vnet0", label="net0")
RATES = {"inbound": {"average": 100}}
FILTER = {"filter": "clean-traffic", "parameters": [{"name": "IP", "value": "10.0.0.5"}]}


def running(*more, **facts):
    """A host with a guest that runs and is stored, with one NIC and some others."""
    return Host((guest(stored=(nic(), *more), live=(PLUGGED, *(replace(each, device=f"vnet{number}") for number, each in enumerate(more, 1))), **facts),))


def off(*more, **facts):
    """A host with a guest that is shut off."""
    return Host((guest(stored=(nic(), *more), **facts),))


def transient(*more, **facts):
    """A host with a guest that is not stored."""
    return Host((guest(stored=None, live=(PLUGGED, *more), **facts),))


def verbs(item):
    """The steps of an item in short: verb, and the views that it is for."""
    def views(value):
        return value if isinstance(value, str) else "+".join(value) if isinstance(value, tuple) else "stored"

    return [step.verb if step.verb in ("mark", "places", "remember", "forget") else f"{step.verb} {views(step.value[1])}" for step in item.steps]


#: what is asked of a NIC on network a: (options, steps where it runs, {field: price} there)
CHANGES = {
    "carrier": ({"link": "down"}, "update", {"link": "restart"}),
    "network": ({"network": "b"}, "update", {"network": "restart"}),
    "bridge": ({"bridge": "br0"}, "update", {"network": "restart", "bridge": "restart"}),
    "macvtap": ({"dev": "eth0", "mode": "bridge"}, "anew", {"network": "restart", "dev": "restart", "mode": "restart"}),
    "rates": ({"bandwidth": RATES}, "update", {"bandwidth": "live"}),
    "filter": ({"filterref": FILTER}, "update", {"filterref": "live"}),
    "isolated": ({"isolated": True}, "update", {"isolated": "live"}),
    "model": ({"model": "e1000e"}, "anew", {"model": "restart"}),
    "MTU": ({"mtu": 1400}, "anew", {"mtu": "restart"}),
    "name": ({"target": "tap-web"}, "anew", {"target": "restart"}),
    "alias": ({"alias": "ua-web"}, "both anew", {"alias": "restart"}),
    "rates and model": ({"bandwidth": RATES, "model": "e1000e"}, "anew", {"bandwidth": "live", "model": "restart"}),
    "boot order": ({"boot_order": 3}, "stored", {"boot_order": "live"}),
    "nothing": ({"link": "up", "network": "a", "model": "virtio"}, "none", {}),
}
STEPS = {"update": ["update stored", "update live"], "anew": ["update stored", "detach live", "attach live"], "stored": ["update stored"], "none": [],
         "both anew": ["replace stored", "detach live", "attach live"]}


@pytest.mark.parametrize("name", CHANGES)
def test_what_a_change_takes_and_costs(name):
    """Of a guest that runs, whom it names where it is cut off; of one that is shut off, where nobody notices; of LXC, which changes nothing that runs."""
    given, way, prices = CHANGES[name]
    item = plan(running(), mac=ONE, **given)
    assert verbs(item) == STEPS[way] and {change.field: change.cost for change in item.changes} == prices
    assert [(each.domain, each.target) for each in item.guests] == ([("vm", "vnet0")] if "restart" in prices.values() else [])
    item = plan(off(), mac=ONE, **given)
    assert verbs(item) == [step for step in STEPS[way] if step.endswith("stored")] and {change.cost for change in item.changes} <= {"live"}
    assert {change.field for change in item.changes} == set(prices) and item.guests == () and item.warnings == ()
    if "alias" not in given:
        if "filterref" in given:
            with pytest.raises(ValidationError, match="under a name that is given alone"):
                plan(running(driver="LXC"), mac=ONE, **given)
            given = {**given, "target": "tap-web"}
        item = plan(running(driver="LXC"), mac=ONE, **given)
        assert verbs(item) == (STEPS["anew"] if way == "update" else STEPS[way])
        assert {change.cost for change in item.changes} <= ({"restart"} if name != "boot order" else {"live"})


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("host", [running(), off(), transient(), running(driver="LXC"), Host((guest(stored=(nic(),), live=()),)),
                                  Host((guest(stored=(), live=(PLUGGED,)),))])
def test_every_step_may_be_the_last(host, name):
    """Killed after any of them the next run gets there, and another one changes nothing. What was there comes back from anywhere on the way."""
    given = CHANGES[name][0]
    if host.domains[0].driver == "LXC":
        if "alias" in given:
            return
        given = {**given, "target": "tap-web"} if "filterref" in given else given
    task = {"mac": ONE, **given}
    item = plan(host, **task)
    for number in range(len(item.steps) + 1):
        reached = took(host, "vm", item.steps[:number])
        done = took(reached, "vm", plan(reached, **task).steps)
        assert not Plan((plan(done, **task),)).changed
        domain = done.domains[0]
        assert (len(domain.stored), len(domain.live)) == (domain.persistent, domain.running)
        assert done == took(host, "vm", item.steps)
        held = state_of(reached, item_task(item))
        back = took(reached, "vm", steps_between(held, item.observed))
        assert state_of(back, item_task(item)) == item.observed


def item_task(item):
    """What state_of() takes of an item."""
    return type("Named", (), {"domain": item.observed.domain if item.observed else item.key.partition("/")[0], "name": item.key})


#: (where, how libvirt is told of a new NIC)
PLACES = {"running": (running(), ["mark", "attach stored+live"]), "off": (off(), ["mark", "attach stored"]),
          "transient": (transient(), ["mark", "attach live"])}


@pytest.mark.parametrize("place", PLACES)
def test_a_new_nic_comes_and_goes(place):
    """In both views at once where there are two; with its mark first, and last; a kill at any step is gone on with, and a failure leaves nothing."""
    host, expected = PLACES[place]
    task = {"alias": "ua-new", "network": "b"}
    item = plan(host, **task)
    assert verbs(item) == expected and [(change.field, change.after, change.cost) for change in item.changes] == [("state", "present", "live")]
    assert item.after["model"] == "virtio" and item.after["link"] == "up" and item.after["lab"] == "default" and item.guests == ()
    for number in range(len(item.steps) + 1):
        reached = took(host, "vm", item.steps[:number])
        done = took(reached, "vm", plan(reached, **task).steps)
        assert not Plan((plan(done, **task),)).changed and state_of(done, item_task(item)).lab == "default"
        held, family = state_of(reached, item_task(item)), family_of("interface")
        back = took(reached, "vm", family.steps_between(held, family.undone(item)) or family.leftovers(item, held))
        assert back == host
    gone = plan(done, alias="ua-new", state="absent")
    assert verbs(gone)[-1] == "mark" and gone.cost == ("live" if place == "off" else "restart") and len(gone.guests) == (place != "off")
    for number in range(len(gone.steps) + 1):
        reached = took(done, "vm", gone.steps[:number])
        left = took(reached, "vm", plan(reached, alias="ua-new", state="absent").steps)
        assert (left.domains[0].stored, left.domains[0].live) == (host.domains[0].stored, host.domains[0].live)


def test_a_new_mac_is_the_same_each_time():
    """It follows from the guest's UUID and the alias, and is nobody else's."""
    first, again = (plan(running(), alias="ua-new", network="b").target.live.mac for unused in range(2))
    assert first == again and first.startswith("52:54:00:") and plan(running(), alias="ua-other", network="b").target.live.mac != first
    assert plan(running(nic(first, network="b")), alias="ua-new", network="b").target.live.mac != first


def test_a_mac_changes_where_the_nic_is_known_by_its_alias():
    """And goes along with the mark; one step after the other, a kill is gone on with."""
    mark = Mark(TWO, "ua-two", "web")
    host = running(nic(TWO, "ua-two"), marks=(mark,))
    task = {"alias": "ua-two", "mac": THREE}
    item = plan(host, **task)
    assert verbs(item) == ["mark", *STEPS["both anew"]] and [(change.field, change.cost) for change in item.changes] == [("mac", "restart")]
    assert item.steps[0].value == replace(mark, mac=THREE) and item.target.live.unknown == item.observed.live.unknown
    for number in range(len(item.steps) + 1):
        reached = took(host, "vm", item.steps[:number])
        done = took(reached, "vm", plan(reached, **task).steps)
        found = state_of(done, item_task(item))
        assert (found.stored.mac, found.live.mac, found.lab) == (THREE, THREE, "web") and not plan(done, **task).steps
        back = took(reached, "vm", steps_between(state_of(reached, item_task(item)), item.observed))
        assert state_of(back, item_task(item)) == item.observed


def test_what_a_nic_is_plugged_with_may_wait():
    """With defer it is stored, what can be changed is changed, and the rest is told; never refuses; a transient guest has no next start."""
    task = {"mac": ONE, "model": "e1000e", "mtu": 1400, "bandwidth": RATES}
    item = plan(running(), **task, on_replug="defer")
    assert verbs(item) == ["update stored", "update live"] and item.cost == "live"
    assert item.warnings == ("model, mtu: stored, and waiting for the next start of guest vm",)
    assert item.after["running"] == {"model": "virtio", "mtu": None}
    done = took(running(), "vm", item.steps)
    assert plan(done, **task, on_replug="defer").steps == () and verbs(plan(done, **task)) == ["detach live", "attach live"]
    with pytest.raises(InUseError, match="a change of model, bandwidth, mtu takes it to be unplugged and plugged anew, and on_replug is 'never'"):
        plan(running(), **task, on_replug="never")
    with pytest.raises(ValidationError, match="transient, and has no next start"):
        plan(transient(), **task, on_replug="defer")
    assert plan(running(), mac=ONE, bandwidth=RATES, on_replug="never").steps


def test_a_boot_order_waits_for_the_next_start():
    """Which is told; with a NIC that is plugged anyway it comes along, and where the guest boots by kinds of devices these get places first."""
    item = plan(running(), mac=ONE, boot_order=3)
    assert item.warnings == ("boot_order: stored, and waiting for the next start of guest vm",) and item.after["boot_order"] == 3
    done = took(running(), "vm", item.steps)
    assert plan(done, mac=ONE, boot_order=3).steps == () and verbs(plan(done, mac=ONE, boot_order=0)) == ["update stored"]
    assert verbs(plan(running(boots=True), mac=ONE, boot_order=3)) == ["places", "update stored"]
    assert verbs(plan(running(boots=True), mac=ONE, boot_order=0)) == []
    with pytest.raises(ValidationError, match="is transient, boots by kinds of devices, and has no next start"):
        plan(transient(boots=True), alias="ua-new", network="b", boot_order=3)


def test_empty_options_take_away():
    """And what is left out stays, in each view as it is there."""
    held = {"bandwidth": RATES, "filterref": FILTER, "mtu": 1400, "portgroup": None}
    host = Host((guest(stored=(nic(**held),), live=(nic(**held),)),))
    assert plan(host, mac=ONE, network="a").steps == ()
    none = {"inbound": None, "outbound": None}
    item = plan(host, mac=ONE, bandwidth=none, filterref={"filter": None, "parameters": None}, mtu=0)
    assert (item.target.stored.bandwidth, item.target.stored.filterref, item.target.stored.mtu) == (None, None, None)
    diverged = Host((guest(stored=(nic(mtu=1400),), live=(nic(),)),))
    assert plan(diverged, mac=ONE, link="up").steps == () and verbs(plan(diverged, mac=ONE, mtu=1400)) == ["detach live", "attach live"]


def test_parts_unknown_to_us_are_kept():
    """But for those of what is taken away: a slot stays, also where a NIC is plugged anew; what libvirt adds is no difference, and what it loses is one."""
    odd = ("/source[0]/@shiny", "1")
    held = replace(nic(), unknown=type(nic().unknown)([*nic().unknown, odd]))
    host = Host((guest(stored=(held,), live=(held,)),))
    assert plan(host, mac=ONE, model="e1000e").target.live.unknown == held.unknown
    assert plan(host, mac=ONE, network="b").target.live.unknown == nic().unknown
    item, family = plan(running(), mac=ONE, link="down"), family_of("interface")
    more = replace(item.target, live=replace(item.target.live, unknown=held.unknown, device="vnet9"))
    less = replace(item.target, live=replace(item.target.live, unknown=()))
    assert family.steps_between(more, family.expected(item.target, more, None)) == ()
    left = family.steps_between(less, family.expected(item.target, less, None))
    assert [change.field for change in family.changes_between(less, item.target, left)] == ["live.unknown"]


def test_a_portgroup_that_gives_the_same_is_stored_alone():
    """libvirt takes such an update, and makes nothing of it."""
    groups = [{"name": "slow", "bandwidth": RATES}, {"name": "same", "bandwidth": RATES}, {"name": "free"}]
    networks = {"a": active(network("a", bridge={"name": "virbr-a"}, portgroups=groups))}
    host = Host((guest(stored=(nic(portgroup="slow"),), live=(nic(portgroup="slow"),)),), networks)
    assert verbs(plan(host, mac=ONE, portgroup="same")) == ["update stored"]
    assert verbs(plan(host, mac=ONE, portgroup="free")) == verbs(plan(host, mac=ONE, portgroup="")) == ["update stored", "update live"]
    with pytest.raises(ValidationError, match="network a has no such portgroup, and libvirt would pass over that; it has: slow, same, free"):
        plan(host, mac=ONE, portgroup="fast")


REFUSED = [
    (running(), {"mac": ONE, "network": "nope"}, "no such network; make it first, or in the same task of virt_host; there are: a, b"),
    (running(), {"mac": ONE, "bridge": "br9"}, "the host has no such device"),
    (running(), {"mac": ONE, "bridge": "eth0"}, "is no bridge"),
    (running(), {"mac": ONE, "dev": "eth9"}, "the host has no such device"),
    (Host(running().domains, {**Host().networks, "b": replace(Host().networks["b"], live=None)}), {"mac": ONE, "network": "b"}, "is not active, and guest vm"),
    (running(nic(TWO, "ua-two")), {"alias": "ua-two", "mac": ONE}, "is that of another NIC of guest vm"),
    (Host((*running().domains, guest("other", stored=(nic(TWO),)))), {"alias": "ua-new", "mac": TWO, "network": "a"}, "is that of guest other on network a"),
    (running(), {"mac": ONE, "filterref": {"filter": "nope"}}, "libvirt has no such filter; there are: clean-traffic"),
    (running(), {"mac": ONE, "vlan": {"tags": [{"id": 5}]}}, "VLANs are for Open vSwitch"),
    (running(), {"mac": ONE, "trust_guest_rx_filters": True}, "counts for a NIC that is attached by a macvtap alone"),
    (running(), {"mac": ONE, "bandwidth": {"inbound": {"floor": 10}}}, "is guaranteed by networks with bandwidth.inbound"),
    (running(), {"mac": ONE, "target": "br0"}, "is a device that the host has already"),
]


@pytest.mark.parametrize(("host", "task", "words"), REFUSED)
def test_what_cannot_be_is_refused_before_anything_is_touched(host, task, words):
    """With the option, its value, and what to do."""
    with pytest.raises(ValidationError) as caught:
        plan(host, **task)
    assert words in str(caught.value)


def test_vlans_on_a_linux_bridge_take_libvirt_11():
    """As those of networks do."""
    task = {"mac": ONE, "bridge": "br0", "vlan": {"tags": [{"id": 5}]}}
    with pytest.raises(UnsupportedError, match="vlan on a Linux bridge needs libvirt 11.0.0 or newer; the connected libvirt is 9.0.0"):
        plan(running(), **task)
    assert plan(replace(running(), version=(11, 0, 0)), **task).target.live.vlan.tags[0].id == 5
    assert plan(running(), **task, virtualport={"type": "openvswitch", "parameters": None}).steps


@pytest.mark.parametrize("kind", ["hostdev", "user", "vhostuser"])
def test_nics_of_other_types_are_left_alone(kind):
    """And a task that asks nothing else of one is no change."""
    host = off(nic(TWO, kind=kind))
    for task in ({"link": "down"}, {"network": "a"}, {"state": "absent"}):
        with pytest.raises(UnsupportedError, match=f"is of type {kind}"):
            plan(host, mac=TWO, **task)
    assert plan(host, mac=TWO, link="up").steps == ()


def test_the_same_mac_on_another_segment_is_nobodys_business():
    """Nor is one that its holder gives up in the same task."""
    other = guest("other", stored=(nic(TWO),))
    assert plan(Host((*running().domains, other)), alias="ua-new", mac=TWO, network="b").steps
    host = Host((*running().domains, other))
    items = plan_of(host, {"alias": "ua-new", "mac": TWO, "network": "a"}, {"domain": "other", "mac": TWO, "state": "absent"}).items
    assert [item.target is None for item in items] == [True, False]


def test_guests_of_other_drivers_count():
    """As their NICs are on the same networks."""

    class Busy(Host):
        """With a container beside the guests."""

        guests = (SimpleNamespace(domain="box", target="vnet9", mac=TWO, network="a", bridge="virbr-a"),)

    busy = Busy(running().domains)
    with pytest.raises(ValidationError, match="is that of guest box on network a"):
        plan(busy, alias="ua-new", mac=TWO, network="a")
    assert plan(busy, alias="ua-new", mac=TWO, network="b").steps


def test_a_network_comes_before_its_nics_and_goes_after_them():
    """Whatever the order of the lists; and guests whose NICs leave in the same task do not hold it."""
    wanted_nic = interface(options(mac=ONE, network="c"), "default", Host(running().domains))
    held = replace(active(network("a", bridge={"name": "virbr-a"})), kernel=Kernel("up", frozenset(), (Port("vnet0"),)))

    def ordered(nic_wanted, *networks):
        class Both(Host, plans.Segments):
            """The context of both families."""

            routes, devices, uri, local, root = (), {}, "qemu:///system", True, True

            def loose(self, definition):
                """None."""
                return ()

        host = Both(running().domains, {"a": held})
        observed = {("network", each.name): host.networks.get(each.name) for each in networks}
        observed["interface", nic_wanted.name] = state_of(host, nic_wanted)
        return [item.key for item in families.make_plan([nic_wanted, *networks], observed, host).items if item.steps]

    coming, going = plans.wanted("c", definition=network("c", bridge={"name": "virbr-c"})), plans.wanted("a", "absent")
    assert ordered(wanted_nic, going, coming) == ["c", wanted_nic.name, "a"]
    with pytest.raises(InUseError, match=r"in use by vm \(vnet0\)"):
        ordered(interface(options(mac=ONE, link="down"), "default", Host(running().domains)), going)
    gone = interface(options(mac=ONE, state="absent"), "default", Host(running().domains))
    assert ordered(gone, going) == [gone.name, "a"]


def test_what_is_as_it_shall_be_is_not_looked_at_further():
    """Networks, other guests, devices: nobody asks."""

    class Silent:
        """A host that tells of its guests alone."""

        interfaces = domain = None

        def of(self, family):
            """The context of a family: this."""
            return self

    silent, host = Silent(), running()
    silent.interfaces, silent.domain = silent, host.domain
    assert plan_of(silent, {"mac": ONE, "network": "a", "model": "virtio"}).items[0].steps == ()


def test_one_nic_is_named_once():
    """By whatever it is known."""
    host = running(nic(TWO, "ua-two"))
    with pytest.raises(ValidationError, match="'vm/ua-two': is the same NIC as vm/52:54:00:00:00:02"):
        plan_of(host, {"mac": TWO}, {"alias": "ua-two"})
