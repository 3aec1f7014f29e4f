# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a network shall be, from what a task asks for and what there is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.errors import ValidationError
from ansible_collections.virtlab.network.plugins.module_utils.model.kernel import Port
from ansible_collections.virtlab.network.plugins.module_utils.model.network_state import NetworkState
from ansible_collections.virtlab.network.plugins.module_utils.plan.network_steps import steps_between
from ansible_collections.virtlab.network.plugins.module_utils.plan.network_target import expected

from tests.unit.module_utils.plan.plans import UUID, A, B, active, ips, network, plan, wanted, with_ports


def test_identity_carries_over():
    """uuid, mac, bridge name, mark and unknown parts stay when the definition changes."""
    held = replace(network(uuid=UUID, mac="52:54:00:00:00:01", bridge={"name": "virbr7"}), lab="old", unknown=(("", "<x></x>"),))
    target = plan(wanted(definition=network(mtu=1400), lab="new"), active(held)).target.stored
    assert (target.uuid, target.mac, target.bridge.name, target.lab, target.unknown) == (UUID, held.mac, "virbr7", "old", held.unknown)


def test_a_bridge_that_is_not_libvirts_does_not_carry_over():
    """From mode bridge to NAT, libvirt chooses a bridge of its own."""
    held = network(uuid=UUID, forward={"mode": "bridge"}, bridge={"name": "br0"})
    assert plan(wanted(definition=network(forward={"mode": "nat"}, **ips("10.0.0.1/24"))), active(held)).target.stored.bridge is None


def test_what_is_created_bears_the_mark():
    """The lab's name goes into what is new."""
    assert plan(wanted(definition=network(), lab="web")).target.stored.lab == "web"


def test_no_definition_leaves_the_definition_alone():
    """Just a name and a state."""
    item = plan(wanted(state="inactive", autostart=False), active(A))
    assert [step.verb for step in item.steps] == ["stop", "autostart"]
    assert item.target.stored == A


def test_no_definition_restarts_nothing():
    """A stored change that waits for the next start is somebody's intention."""
    assert plan(wanted(), NetworkState(B, A, True)).steps == ()


def test_no_definition_and_no_network_is_an_error():
    """There is nothing to start."""
    with pytest.raises(ValidationError, match="no such network"):
        plan(wanted())


def test_present_leaves_a_network_running_or_not():
    """V(present) does not start, and does not stop."""
    assert plan(wanted(state="present", definition=A)).target.live is None
    assert plan(wanted(state="present"), active(A)).steps == ()


def test_what_libvirt_fills_in_at_start_is_no_difference():
    """The NAT ports of the live definition, and texts that only the stored one has."""
    stored = network(uuid=UUID, forward={"mode": "nat"}, **ips("10.0.0.1/24"))
    live = replace(stored, forward=network(forward={"mode": "nat", "nat": {"port": {"start": 1024, "end": 65535}}}).forward)
    assert plan(wanted(definition=stored), NetworkState(replace(stored, description="x"), live, True)).cost == "live"
    assert plan(wanted(definition=stored), NetworkState(stored, live, True)).steps == ()
    other = replace(stored, forward=network(forward={"mode": "nat", "nat": {"port": {"start": 1024, "end": 2000}}}).forward)
    assert plan(wanted(definition=stored), NetworkState(stored, other, True)).cost == "restart"


def test_what_is_deferred_waits_and_what_need_not_does_not():
    """Stored now; live what libvirt can change; again nothing; and a restart when it is no longer deferred."""
    held, new = with_ports(Port("vnet0", 1400)), network(mtu=1500, portgroups=[{"name": "slow"}])
    item = plan(wanted(definition=new, on_restart="defer"), held)
    assert [step.verb for step in item.steps] == ["define", "update"]
    assert (item.target.stored.mtu, item.target.live.mtu, item.target.live.portgroups) == (1500, 1400, new.portgroups)
    assert "waits for the network's next start" in " ".join(item.warnings)
    again = plan(wanted(definition=new, on_restart="defer"), item.target)
    assert again.steps == () and again.before["running"]["mtu"] == 1400 and "waits" in " ".join(again.warnings)
    assert plan(wanted(definition=new), item.target).cost == "restart"
    with pytest.raises(ValidationError, match="no next start"):
        plan(wanted(definition=B, persistent=False, on_restart="defer"), NetworkState(None, A))


def test_a_pattern_for_the_bridges_name_is_no_change():
    """libvirt stores the name that it chose for virbr%d."""
    pattern = replace(A, bridge=replace(network(bridge={}).bridge, name="virbr%d"))
    held = active(replace(A, bridge=network(bridge={"name": "virbr3"}).bridge))
    assert plan(wanted(definition=pattern, strict=False), held).steps == ()
    assert plan(wanted(definition=replace(pattern, bridge=replace(pattern.bridge, name="lab%d")), strict=False), held).cost == "restart"
    assert expected(NetworkState(pattern, pattern, True), held, ()) == held


def test_without_a_definition_a_transient_network_stays_one():
    """Unless it is asked to be kept, without what libvirt filled in when it started."""
    live = network(uuid=UUID, forward={"mode": "nat", "nat": {"port": {"start": 1024, "end": 65535}}}, **ips("10.0.0.1/24"))
    transient = NetworkState(None, live)
    assert plan(wanted(), transient).steps == ()
    with pytest.raises(ValidationError, match="is transient, and would be gone"):
        plan(wanted(state="inactive"), transient)
    kept = plan(wanted(persistent=True), transient).target
    assert kept.stored.forward.nat is None and kept.live == live


def test_texts_of_a_transient_network_are_its_live_ones():
    """There is no stored definition to carry them."""
    one = network(uuid=UUID, title="one")
    assert plan(wanted(definition=network(title="two"), persistent=False), NetworkState(None, one)).cost == "restart"


def test_autostart_stays_where_nothing_says_otherwise():
    """A task that only stops a network does not make it start with libvirt."""
    quiet = NetworkState(A, None, False)
    assert plan(wanted(state="inactive"), quiet).steps == plan(wanted(state="present"), quiet).steps == ()
    assert plan(wanted(), quiet).target.autostart and plan(wanted(state="inactive", definition=A), quiet).target.autostart


def test_what_a_run_came_to_is_compared_with_its_plan():
    """What libvirt generated is filled in; identity, mark and unknown parts that the plan has must be there."""
    target = NetworkState(A, A, True)
    generated = replace(A, mac="52:54:00:00:00:01", bridge=network(bridge={"name": "virbr3"}).bridge)
    assert expected(target, active(generated), ()) == active(generated)
    for other in (replace(generated, uuid=UUID.replace("2", "3")), replace(generated, lab="x"), replace(generated, unknown=(("", "<x/>"),))):
        now = active(other)
        assert steps_between(now, expected(target, now, ())) != ()


def test_unknown_parts_stay_with_options_and_go_with_documents():
    """A whole document says all that there shall be; what goes is told."""
    held = active(replace(A, unknown=(("", "<new></new>"),)))
    assert plan(wanted(definition=A), held).steps == ()
    (change,) = plan(wanted(definition=A, strict=False), held).changes
    assert (change.field, change.before, change.after) == ("unknown", ["<new></new>"], [])
