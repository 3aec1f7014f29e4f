# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way from one state of a network to another, and every place where a run can be killed."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.model.kernel import CHAINS_LOST, IN_PLACE, RULES_LOST, Kernel, Port
from ansible_collections.virtlab.network.plugins.module_utils.model.network_state import NetworkState, report
from ansible_collections.virtlab.network.plugins.module_utils.model.proxied import Entry, entries
from ansible_collections.virtlab.network.plugins.module_utils.plan.network_steps import steps_between
from ansible_collections.virtlab.network.plugins.module_utils.plan.network_target import undone

from tests.unit.module_utils.plan.plans import A, B, network, plan, plan_of, wanted

STATES = [None] + [
    NetworkState(stored, live, autostart)
    for stored, live in itertools.product((None, A, B), (None, A, B))
    for autostart in ((False, True) if stored else (False,))
    if stored or live
]
TAP, NIC = Port("vnet0", 1500, (("isolated", True),)), Port("eth1", 9000)
#: what the kernel may have of an active network; what else is missing, libvirt or we can put back
KERNELS = [
    Kernel("up", frozenset({"10.0.0.1/24"}), (NIC, TAP)), Kernel("up", frozenset({"10.0.0.1/24"}), (NIC,)), Kernel("down", frozenset(), (NIC, TAP)),
    Kernel("missing"), Kernel("up", frozenset({"10.0.0.1/24"}), (NIC, replace(TAP, settings=(("isolated", False),))), RULES_LOST, False),
    Kernel("up", frozenset({"10.0.0.1/24"}), (NIC, TAP), CHAINS_LOST),
]


def take(state, step):
    """What libvirt and the kernel make of one step: a transient network that stops is gone, undefining forgets autostart, a stop loses the ports."""
    state = state or NetworkState(None, None)
    verb, value, held = step.verb, step.value, state.kernel
    if verb == "define":
        state = replace(state, stored=value)
    elif verb == "undefine":
        assert state.stored is not None
        state = replace(state, stored=None, autostart=False)
    elif verb == "stop":
        assert state.live is not None
        left = frozenset(entry for entry in state.proxied if entry.kind == "proxy")  # nobody says that the hook is there
        state = replace(state, live=None, kernel=None, proxied=left)
    elif verb == "start":
        assert state.stored is not None and state.live is None
        state = replace(state, live=state.stored, kernel=MADE)
    elif verb == "create":
        assert state.stored is None and state.live is None
        state = replace(state, live=value, kernel=MADE)
    elif verb == "autostart":
        assert state.stored is not None
        state = replace(state, autostart=value)
    elif verb == "remember":
        state = replace(state, interrupted=value[1])
    elif verb == "forget":
        state = replace(state, interrupted=None)
    elif verb == "attach":
        others = tuple(port for port in held.ports if port.name != value[1].name)
        state = replace(state, kernel=replace(held, ports=tuple(sorted((*others, value[1]), key=lambda port: port.name))))
    elif verb == "detach":
        assert held.port(value) is not None
        state = replace(state, kernel=replace(held, ports=tuple(port for port in held.ports if port.name != value)))
    elif verb == "proxy":
        state = replace(state, proxied=state.proxied | {value})
    elif verb == "unproxy":
        assert value in state.proxied
        state = replace(state, proxied=state.proxied - {value})
    elif verb == "install_hook":
        state = replace(state, hook=True)
    elif verb == "release_hook":
        state = replace(state, hook=None)
    elif verb == "up":
        state = replace(state, kernel=replace(held, bridge="up"))
    elif verb == "address":
        state = replace(state, kernel=replace(held, addresses=held.addresses | {value[1]}))
    else:
        assert verb == "restart_daemon" or verb == "reload_daemon" and held.firewall != CHAINS_LOST
        state = replace(state, kernel=replace(held, firewall=IN_PLACE, dnsmasq=True))
    if not (state.stored or state.live):
        assert not state.hook
        return None
    return replace(state, hook=state.hook or (False if state.hooked else None))


MADE = Kernel("up", frozenset({"10.0.0.1/24"}))


def killed_and_gone_on(state, steps_from):
    """Take the steps from a state, killed after any number of them; then those of a new plan. Yields what is reached each time, where nothing is left to do."""
    steps = steps_from(state)
    for killed_after in range(len(steps) + 1):
        reached = state
        for step in steps[:killed_after]:
            reached = take(reached, step)
        for step in steps_from(reached):
            reached = take(reached, step)
        assert steps_from(reached) == ()
        yield reached


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("target", STATES)
def test_steps_lead_there_from_every_place_where_a_run_was_killed(state, target):
    """Taking the steps reaches the target; so does a new plan made after any number of them."""
    for reached in killed_and_gone_on(state, lambda now: steps_between(now, target)):
        assert (reached and replace(reached, kernel=None)) == target


@pytest.mark.parametrize("live", [A, B])
@pytest.mark.parametrize("kernel", KERNELS)
def test_the_kernel_is_mended_from_every_place_where_a_run_was_killed(live, kernel):
    """With a restart and without one, ports and all; a target that is what it is takes no step."""
    target = NetworkState(A, A, True, KERNELS[0])
    for reached in killed_and_gone_on(NetworkState(A, live, True, kernel), lambda now: steps_between(now, target)):
        assert reached == target


def test_an_interrupted_restart_is_gone_on_with():
    """A plan that knows only what there is: down, with its ports written down. It was active, so present is active too."""
    state = NetworkState(A, None, True, interrupted=(NIC, TAP, Port("gone0")))
    item = plan(wanted(state="present"), state, links=frozenset({"eth1", "vnet0"}))
    assert [step.verb for step in item.steps] == ["start", "attach", "attach", "forget"]
    whole = NetworkState(A, A, True, KERNELS[0], interrupted=())
    assert [step.verb for step in steps_between(whole, replace(whole, interrupted=None))] == ["forget"]
    assert not plan_of([wanted(state="present", definition=A)], {"a": whole}).changed


JOINED = replace(A, bridge_ports=("eth1",))
#: what there may be of a network that names a port: (stored, live, on the bridge, hook)
PORTED = [NetworkState(A, A, True, replace(MADE, ports=(TAP,))), NetworkState(JOINED, A, True, replace(MADE, ports=(TAP,)), hook=True),
          NetworkState(JOINED, JOINED, True, replace(MADE, ports=(NIC, TAP)), hook=True),
          NetworkState(JOINED, B, True, replace(MADE, ports=(TAP,)), hook=False), NetworkState(JOINED, None, hook=True)]


@pytest.mark.parametrize("state", PORTED)
@pytest.mark.parametrize("definition", [A, JOINED])
def test_named_ports_come_and_go_from_every_place_where_a_run_was_killed(state, definition):
    """Those of the plan of a run that was killed, and of the next one's, which sees what the first left."""
    task, links = wanted(definition=definition, autostart=True), frozenset({"eth1", "vnet0"})
    for reached in killed_and_gone_on(state, lambda now: plan(task, now, links=links).steps):
        assert reached.stored == definition and reached.live is not None and reached.hook is (True if definition is JOINED else None)
        assert (reached.kernel.port("eth1") is not None) == (definition is JOINED)


def test_what_a_plan_put_on_a_bridge_is_taken_off_again():
    """When it is rolled back; what was there before stays."""
    item = plan(wanted(definition=JOINED), PORTED[0], links=frozenset({"eth1", "vnet0"}))
    reached = item.observed
    for step in item.steps:
        reached = take(reached, step)
    back = steps_between(reached, undone(item))
    assert [step.verb for step in back] == ["release_hook", "detach", "define"]
    for step in back:
        reached = take(reached, step)
    assert reached == replace(item.observed, live=reached.live) and steps_between(reached, undone(item)) == ()


def answering(*addresses, dev="eth0"):
    """A, with some addresses proxied."""
    return replace(A, proxied=network(proxied={"dev": dev, "addresses": list(addresses)}).proxied)


FOUR, SIX, OTHER = "203.0.113.20", "2001:db8::20", "203.0.113.21"
NAMED = answering(FOUR, SIX)
WHOLE = frozenset(entries(NAMED.proxied))
#: what there may be of a network that names addresses: before it did, with all, after it lost some, under others, stopped with and without the hook
ANSWERED = [
    NetworkState(A, A, True, MADE), NetworkState(NAMED, A, True, MADE, hook=True, proxied=WHOLE),
    NetworkState(NAMED, NAMED, True, MADE, hook=True, proxied=WHOLE),
    NetworkState(NAMED, NAMED, True, MADE, hook=False, proxied=frozenset({Entry("proxy", FOUR, "eth0")})),
    NetworkState(answering(OTHER), B, True, MADE, hook=True, proxied=frozenset(entries(answering(OTHER).proxied))),
    NetworkState(answering(FOUR, dev="eth1"), A, True, MADE, hook=True, proxied=frozenset(entries(answering(FOUR, dev="eth1").proxied))),
    NetworkState(NAMED, None, hook=True), NetworkState(NAMED, None, hook=True, proxied=frozenset({Entry("proxy", SIX, "eth0")})),
]


@pytest.mark.parametrize("state", ANSWERED)
@pytest.mark.parametrize("definition", [A, NAMED, answering(OTHER, SIX)])
@pytest.mark.parametrize("run", ["active", "inactive"])
def test_proxied_addresses_come_and_go_from_every_place_where_a_run_was_killed(state, definition, run):
    """What is there in the end is what is named, and nothing of what was; settings of the NIC may stay."""
    task, links = wanted(definition=definition, state=run, autostart=True), frozenset({"eth0", "eth1"})
    for reached in killed_and_gone_on(state, lambda now: plan(task, now, links=links).steps):
        there = frozenset(entry for entry in reached.proxied if not entry.stays)
        expected = frozenset(entry for entry in entries(definition.proxied) if not entry.stays) if run == "active" else frozenset()
        assert reached.stored == definition and there == expected and reached.hook is (True if definition.proxied else None)


def test_a_change_of_proxied_addresses_costs_nothing():
    """And tells what becomes of the kernel; nobody is answered before the way to the guest is there."""
    item = plan(wanted(definition=answering(FOUR, OTHER)), ANSWERED[2])
    assert [step.verb for step in item.steps] == ["unproxy", "unproxy", "define", "proxy", "proxy"]
    assert [step.value.kind for step in item.steps if step.verb != "define"] == ["proxy", "route", "route", "proxy"]
    assert [(change.field, change.cost) for change in item.changes] == [("proxied.addresses", "live"), ("kernel.proxied", "live")]
    assert "route 203.0.113.21" in item.changes[1].after and "proxy 2001:db8::20 dev eth0" in item.changes[1].before


def test_what_the_kernel_lacks_of_proxied_addresses_is_told_and_mended():
    """The reports before and after say it; a NIC that is not there is no work for anybody."""
    broken = replace(ANSWERED[2], proxied=WHOLE - {Entry("route", FOUR), Entry("ipv4", "proxy_arp", None, 1)})
    item = plan(wanted(definition=NAMED), broken)
    assert [step.verb for step in item.steps] == ["proxy", "proxy"] and [change.field for change in item.changes] == ["kernel.proxied"]
    assert report(broken)["kernel"]["proxied_missing"] == ["route 203.0.113.20", "net.ipv4.conf.BRIDGE.proxy_arp=1"]
    assert "proxied_missing" not in item.after.get("kernel", {})
    away = replace(broken, proxied=frozenset(entry for entry in WHOLE if entry.dev in (None, "all")))
    assert plan(wanted(definition=NAMED), away, links=frozenset()).steps == ()


def test_what_a_plan_proxied_is_taken_away_again():
    """When it is rolled back."""
    item = plan(wanted(definition=NAMED), ANSWERED[0])
    reached = item.observed
    for step in item.steps:
        reached = take(reached, step)
    for step in steps_between(reached, undone(item)):
        reached = take(reached, step)
    assert reached.stored == A and all(entry.stays for entry in reached.proxied) and steps_between(reached, undone(item)) == ()
