# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans for networks: every way from one state to another, every place where a run can be killed, and what stands against a plan."""

from __future__ import annotations

import ipaddress
import itertools
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.errors import InUseError, UnsupportedError, ValidationError
from ansible_collections.virtlab.network.plugins.module_utils.model.network import Network, NetworkState, WantedNetwork
from ansible_collections.virtlab.network.plugins.module_utils.model.option import read
from ansible_collections.virtlab.network.plugins.module_utils.plan.network import make_plan, steps_between

UUID = "2f1c7a60-1b1e-4b8a-9a7d-6c0f3d1e5a11"


def network(name="a", **options):
    """A definition from options."""
    return read(Network, {"name": name, **options})


A = network(uuid=UUID, mtu=1400)
B = network(uuid=UUID, mtu=1500)
STATES = [None] + [
    NetworkState(stored, live, autostart)
    for stored, live in itertools.product((None, A, B), (None, A, B))
    for autostart in ((False, True) if stored else (False,))
    if stored or live
]


def take(state, step):
    """What libvirt makes of one step, with its own rules: a transient network that stops is gone, undefining forgets autostart."""
    stored, live, autostart = (state.stored, state.live, state.autostart) if state else (None, None, False)
    if step.verb == "define":
        stored = step.value
    elif step.verb == "undefine":
        assert stored is not None
        stored, autostart = None, False
    elif step.verb == "stop":
        assert live is not None
        live = None
    elif step.verb == "start":
        assert stored is not None and live is None
        live = stored
    elif step.verb == "create":
        assert stored is None and live is None
        live = step.value
    else:
        assert step.verb == "autostart" and stored is not None
        autostart = step.value
    return NetworkState(stored, live, autostart) if stored or live else None


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("target", STATES)
def test_steps_lead_there_from_every_place_where_a_run_was_killed(state, target):
    """Taking the steps reaches the target; so does a new plan made after any number of them."""
    steps = steps_between(state, target)
    for killed_after in range(len(steps) + 1):
        reached = state
        for step in steps[:killed_after]:
            reached = take(reached, step)
        for step in steps_between(reached, target):
            reached = take(reached, step)
        assert reached == target
    assert steps_between(target, target) == ()


@dataclass
class Host:
    """The rest of the host, as plans see it."""

    networks: dict = field(default_factory=dict)
    routes: tuple = ()
    links: frozenset = frozenset({"eth0"})
    guests: tuple = ()
    uri: str = "qemu:///system"


def plan(wanted, state=None, **host):
    """The one item of a plan for one network."""
    return make_plan([wanted], {wanted.name: state}, Host(**host)).items[0]


def ips(*addresses):
    """Options with these addresses."""
    return {"ips": [{"address": address} for address in addresses]}


def active(definition):
    """The state of an active, persistent network."""
    return NetworkState(definition, definition, True)


def wanted(name="a", state="active", definition=None, **more):
    """What a task asks for."""
    return WantedNetwork(name, definition, state=state, **more)


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


def test_every_change_has_its_price():
    """Fields, before and after, and the cost of what is done about them."""
    item = plan(wanted(definition=network(mtu=1500, **ips("10.0.0.1/24"))), active(replace(A, ips=network(**ips("10.0.0.1/24")).ips)))
    assert [(change.field, change.before, change.after, change.cost) for change in item.changes] == [("mtu", 1400, 1500, "restart")]
    item = plan(wanted(definition=B), NetworkState(A, None, True))
    assert {change.field: change.cost for change in item.changes} == {"mtu": "live", "state": "live"}


GUESTS = (
    SimpleNamespace(domain="vm1", target="vnet0", mac="52:54:00:00:00:01", network="a", bridge=None),
    SimpleNamespace(domain="vm2", target="vnet1", mac="52:54:00:00:00:02", network=None, bridge="virbr1"),
    SimpleNamespace(domain="vm3", target="vnet2", mac="52:54:00:00:00:03", network="b", bridge="virbr2"),
)


@pytest.mark.parametrize("task", [wanted(definition=B), wanted(state="inactive"), wanted(state="absent")])
def test_nothing_is_cut_off_unasked(task):
    """Whatever stops the network fails while guests are attached, by its name or its bridge, and names them."""
    held = replace(A, bridge=network(bridge={"name": "virbr1"}).bridge)
    with pytest.raises(InUseError, match=r"vm1 \(vnet0\), vm2 \(vnet1\):"):
        plan(task, active(held), guests=GUESTS)


def test_force_removes_a_network_in_use():
    """And the result still says who was cut off."""
    item = plan(wanted(state="absent", force=True), active(A), guests=GUESTS)
    assert [guest.domain for guest in item.guests] == ["vm1"]


@dataclass
class Route:
    """A host's route."""

    subnet: object
    device: str
    gateway: str | None = None


def route(subnet, device="eth0", gateway=None):
    """A route from text."""
    return Route(ipaddress.ip_network(subnet), device, gateway)


CONFLICTS = [
    ({"networks": {"b": active(network("b", **ips("10.0.0.1/25")))}}, "overlaps 10.0.0.0/25 of the active network b"),
    ({"networks": {"b": active(network("b", uuid=UUID))}}, "belongs to network b"),
    ({"networks": {"b": NetworkState(network("b", bridge={"name": "virbr9"}), None)}}, "is the bridge of network b"),
    ({"routes": (route("10.0.0.0/8"),)}, "overlaps the host's route to 10.0.0.0/8 through eth0"),
    ({"routes": (route("10.0.0.128/25", gateway="192.0.2.1"),)}, "10.0.0.128/25 through eth0"),
]


@pytest.mark.parametrize(("host", "says"), CONFLICTS)
def test_what_stands_against_a_plan_is_refused_or_warned_of(host, says):
    """Options are refused; a whole document is warned of, and libvirt has the last word."""
    definition = network(uuid=UUID, bridge={"name": "virbr9"}, **ips("10.0.0.1/24"))
    with pytest.raises(ValidationError, match=says):
        plan(wanted(definition=definition), **host)
    assert says in plan(wanted(definition=definition, strict=False), **host).warnings[0]


def test_what_does_not_stand_against_a_plan():
    """Inactive neighbours, wider routes through a gateway, the network's own route, and networks that this very plan removes."""
    definition = network(bridge={"name": "virbr9"}, **ips("10.0.0.1/24"))
    neighbour = NetworkState(network("b", **ips("10.0.0.1/24")), None)
    assert "only one of the two" in plan(wanted(definition=definition), networks={"b": neighbour}).warnings[0]
    assert plan(wanted(definition=definition), routes=(route("10.0.0.0/8", gateway="192.0.2.1"),)).warnings == ()
    own = {"networks": {"a": active(definition)}, "routes": (route("10.0.0.0/24", "virbr9"),)}
    assert plan(wanted(definition=replace(definition, mtu=1400)), active(definition), **own).warnings == ()
    running = active(neighbour.stored)
    running = active(replace(running.stored, bridge=network(bridge={"name": "virbr8"}).bridge))
    host = Host(networks={"b": running}, routes=(route("10.0.0.0/24", "virbr8"),))
    both = make_plan([wanted(definition=definition), wanted("b", "absent")], {"a": None, "b": running}, host)
    assert [(item.key, item.warnings) for item in both.items] == [("b", ()), ("a", ())]


def test_two_of_one_plan_that_overlap_are_refused():
    """The second is as much a conflict as one that runs already."""
    pair = [wanted(name, definition=network(name, **ips("10.0.0.1/24"))) for name in "ab"]
    with pytest.raises(ValidationError, match="of the active network"):
        make_plan(pair, {"a": None, "b": None}, Host())


def test_missing_devices_are_warned_of():
    """libvirt starts such networks all the same."""
    assert "bridge br0 is not there" in plan(wanted(definition=network(forward={"mode": "bridge"}, bridge={"name": "br0"}))).warnings[0]
    assert "device eth7" in plan(wanted(definition=network(forward={"mode": "vepa", "dev": "eth7"}))).warnings[0]
    assert plan(wanted(definition=network(forward={"mode": "vepa", "dev": "eth0"}))).warnings == ()


def test_session_connections_refuse_what_they_cannot_do():
    """Without privileges no bridge can be made."""
    with pytest.raises(UnsupportedError, match="cannot make the bridge"):
        plan(wanted(definition=A), uri="qemu:///session")
    assert plan(wanted(definition=network(forward={"mode": "bridge"}, bridge={"name": "eth0"})), uri="qemu:///session").steps
