# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan costs, and whom it would cut off."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.errors import InUseError
from ansible_collections.virtlab.network.plugins.module_utils.model.kernel import Port
from ansible_collections.virtlab.network.plugins.module_utils.model.network_state import NetworkState

from tests.unit.module_utils.plan.plans import GUESTS, UUID, A, B, active, ips, network, plan, wanted, with_ports


def test_every_change_has_its_price():
    """Fields, before and after, and the cost of what is done about them."""
    item = plan(wanted(definition=network(mtu=1500, **ips("10.0.0.1/24"))), active(replace(A, ips=network(**ips("10.0.0.1/24")).ips)))
    assert [(change.field, change.before, change.after, change.cost) for change in item.changes] == [("mtu", 1400, 1500, "restart")]
    item = plan(wanted(definition=B), NetworkState(A, None, True))
    assert {change.field: change.cost for change in item.changes} == {"mtu": "live", "state": "live"}


@pytest.mark.parametrize("task", [
    wanted(definition=B, on_restart="if_unused"), wanted(definition=B, on_restart="never"), wanted(state="inactive"), wanted(state="absent"),
    wanted(definition=network(forward={"mode": "bridge"}, bridge={"name": "br0"})),
])
def test_nothing_is_cut_off_unasked(task):
    """Whatever stops the network fails while guests are attached, by its name or its bridge, and names them."""
    held = replace(A, bridge=network(bridge={"name": "virbr1"}).bridge)
    with pytest.raises(InUseError, match=r"vm1 \(vnet0\), vm2 \(vnet1\):"):
        plan(task, active(held), guests=GUESTS)


def test_force_removes_a_network_in_use():
    """And the result still says who was cut off."""
    item = plan(wanted(state="absent", force=True), active(A), guests=GUESTS)
    assert [guest.domain for guest in item.guests] == ["vm1"]


def test_guests_of_a_bridge_that_is_not_libvirts_are_not_the_networks():
    """Stopping such a network cuts nobody off."""
    held = network(uuid=UUID, forward={"mode": "bridge"}, bridge={"name": "virbr1"})
    item = plan(wanted(state="absent"), active(held), guests=GUESTS)
    assert (item.guests, item.cost) == ((), "live")


def test_ports_that_no_guest_explains_are_not_cut_off():
    """A tap or NIC that somebody put on the bridge."""
    held = with_ports(Port("tap9", 1500))
    with pytest.raises(InUseError, match=r"in use by tap9 \(no guest's of libvirt\): state inactive stops it"):
        plan(wanted(state="inactive"), held)
    with pytest.raises(InUseError, match=r"in use by tap9 \(no guest's of libvirt\): this change restarts it"):
        plan(wanted(definition=B, on_restart="if_unused"), held)
    assert "tap9: no guest's" in " ".join(plan(wanted(state="absent", force=True), held).warnings)


def test_a_restart_puts_every_port_back():
    """Guests' and others'; those that have the network's MTU follow it."""
    item = plan(wanted(definition=B), with_ports(Port("eth1", 9000), Port("vnet0", 1400, (("isolated", True),))), guests=GUESTS)
    assert [step.verb for step in item.steps] == ["remember", "define", "stop", "start", "attach", "attach", "forget"]
    assert [step.value for step in item.steps if step.verb == "attach"] == [
        ("virbr1", Port("eth1", 9000)), ("virbr1", Port("vnet0", 1500, (("isolated", True),)))]
    assert (item.cost, [guest.domain for guest in item.guests]) == ("restart", ["vm1", "vm2"])


def test_a_bridge_is_not_renamed_under_guests():
    """Their running definitions name the old one, and libvirt takes them off the new one when it starts anew; who is no guest follows."""
    renamed = replace(B, bridge=network(bridge={"name": "virbr2"}).bridge)
    with pytest.raises(InUseError, match=r"vm1 .*: this change takes it to bridge virbr2, and guests that run would go on to name virbr1"):
        plan(wanted(definition=renamed), with_ports(Port("vnet0", 1400)), guests=GUESTS)
    assert plan(wanted(definition=renamed), with_ports(Port("eth1", 9000))).cost == "restart"


@pytest.mark.parametrize("host", [{"root": False}, {"local": False, "remote": True}])
def test_ports_that_cannot_be_put_back_are_not_cut_off(host):
    """By who is not root, and on another host."""
    with pytest.raises(InUseError, match=r"in use by vm1 \(vnet0\).*: this change restarts it, and ports are put back by root alone"):
        plan(wanted(definition=B), with_ports(Port("vnet0", 1400)), guests=GUESTS, **host)


def test_a_network_that_nobody_uses_is_restarted_unless_never():
    """if_unused looks, never does not."""
    assert plan(wanted(definition=B, on_restart="if_unused"), with_ports()).cost == "restart"
    with pytest.raises(InUseError, match="is running: this change restarts it, and on_restart is 'never'"):
        plan(wanted(definition=B, on_restart="never"), with_ports())
    assert plan(wanted(definition=A, on_restart="never"), with_ports()).steps == ()


def test_ports_that_a_network_lost_are_put_back():
    """Somebody stopped and started it: guests' NICs are on no bridge."""
    item = plan(wanted(), with_ports(), homeless=(Port("vnet0"),))
    assert [(change.field, change.before, change.after, change.cost) for change in item.changes] == [("kernel.ports", [], ["vnet0"], "live")]
    assert [step.verb for step in item.steps] == ["attach"]


def test_a_running_network_that_differs_from_its_definition_is_shown():
    """So that the diff of what brings it back is not empty."""
    item = plan(wanted(definition=A), NetworkState(A, B, True))
    assert item.cost == "restart" and item.before["running"]["mtu"] == 1500 and "running" not in item.after
    assert [(change.field, change.before, change.after) for change in item.changes] == [("mtu", 1500, 1400)]


def test_what_had_diverged_has_its_price_beside_what_changes():
    """What only the running network has goes too, and is named, at its own price."""
    ranges = [{"start": "10.0.0.10", "end": "10.0.0.20"}]
    stored = network(uuid=UUID, ips=[{"address": "10.0.0.1/24", "dhcp": {"ranges": ranges}}])
    live = network(uuid=UUID, ips=[{"address": "10.0.0.1/24", "dhcp": {"ranges": [*ranges, {"start": "10.0.0.30", "end": "10.0.0.40"}]}}])
    item = plan(wanted(definition=replace(stored, portgroups=network(portgroups=[{"name": "slow"}]).portgroups)), NetworkState(stored, live, True))
    assert {change.field: change.cost for change in item.changes} == {"ips[10.0.0.1/24].dhcp.ranges[10.0.0.30]": "dnsmasq", "portgroups[slow]": "live"}
    assert item.cost == "dnsmasq"


def test_a_text_beside_a_restart_has_its_own_price():
    """Nobody notices another title."""
    item = plan(wanted(definition=network(mtu=1500, title="x")), active(A))
    assert {change.field: change.cost for change in item.changes} == {"mtu": "restart", "title": "live"}
