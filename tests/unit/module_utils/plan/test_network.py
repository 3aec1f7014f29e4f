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
from ansible_collections.virtlab.network.plugins.module_utils.model.kernel import CHAINS_LOST, IN_PLACE, RULES_LOST, Kernel, Port
from ansible_collections.virtlab.network.plugins.module_utils.model.network import Network
from ansible_collections.virtlab.network.plugins.module_utils.model.network_state import NetworkState, WantedNetwork
from ansible_collections.virtlab.network.plugins.module_utils.model.option import read
from ansible_collections.virtlab.network.plugins.module_utils.plan.network import make_plan
from ansible_collections.virtlab.network.plugins.module_utils.plan.network_steps import steps_between
from ansible_collections.virtlab.network.plugins.module_utils.plan.network_target import expected

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
        state = replace(state, live=None, kernel=None)
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
    elif verb == "up":
        state = replace(state, kernel=replace(held, bridge="up"))
    elif verb == "address":
        state = replace(state, kernel=replace(held, addresses=held.addresses | {value[1]}))
    else:
        assert verb == "restart_daemon" or verb == "reload_daemon" and held.firewall != CHAINS_LOST
        state = replace(state, kernel=replace(held, firewall=IN_PLACE, dnsmasq=True))
    return state if state.stored or state.live else None


MADE = Kernel("up", frozenset({"10.0.0.1/24"}))


def killed_and_gone_on(state, target):
    """Take the steps from a state, killed after any number of them; then those of a new plan. Yields what is reached each time."""
    steps = steps_between(state, target)
    for killed_after in range(len(steps) + 1):
        reached = state
        for step in steps[:killed_after]:
            reached = take(reached, step)
        for step in steps_between(reached, target):
            reached = take(reached, step)
        yield reached


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("target", STATES)
def test_steps_lead_there_from_every_place_where_a_run_was_killed(state, target):
    """Taking the steps reaches the target; so does a new plan made after any number of them."""
    for reached in killed_and_gone_on(state, target):
        assert (reached and replace(reached, kernel=None)) == target
    assert steps_between(target, target) == ()


@pytest.mark.parametrize("live", [A, B])
@pytest.mark.parametrize("kernel", KERNELS)
def test_the_kernel_is_mended_from_every_place_where_a_run_was_killed(live, kernel):
    """With a restart and without one, ports and all; a target that is what it is takes no step."""
    target = NetworkState(A, A, True, KERNELS[0])
    for reached in killed_and_gone_on(NetworkState(A, live, True, kernel), target):
        assert reached == target
    assert steps_between(target, target) == ()


def test_an_interrupted_restart_is_gone_on_with():
    """A plan that knows only what there is: down, with its ports written down. It was active, so present is active too."""
    state = NetworkState(A, None, True, interrupted=(NIC, TAP, Port("gone0")))
    item = plan(wanted(state="present"), state, links=frozenset({"eth1", "vnet0"}))
    assert [step.verb for step in item.steps] == ["start", "attach", "attach", "forget"]
    whole = NetworkState(A, A, True, KERNELS[0], interrupted=())
    assert [step.verb for step in steps_between(whole, replace(whole, interrupted=None))] == ["forget"]
    assert not plan_of([wanted(state="present", definition=A)], {"a": whole}).changed


@dataclass
class Host:
    """The rest of the host, as plans see it."""

    networks: dict = field(default_factory=dict)
    routes: tuple = ()
    links: frozenset = frozenset({"eth0"})
    guests: tuple = ()
    homeless: tuple = ()
    uri: str = "qemu:///system"
    remote: bool = False
    local: bool = True
    root: bool = True

    def loose(self, network):
        """Ports that a network has lost."""
        return self.homeless


def plan_of(tasks, observed, **host):
    """A plan for some networks."""
    return make_plan(tasks, observed, Host(**host))


def plan(wanted, state=None, **host):
    """The one item of a plan for one network."""
    return plan_of([wanted], {wanted.name: state}, **host).items[0]


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


@dataclass
class Route:
    """A host's route."""

    subnet: object
    device: str
    connected: bool


def route(subnet, device="eth0", connected=True):
    """A route from text."""
    return Route(ipaddress.ip_network(subnet), device, connected)


REFUSED = [
    ({"networks": {"b": active(network("b", **ips("10.0.0.9/24")))}}, "overlaps 10.0.0.0/24 of the active network b"),
    ({"networks": {"b": active(network("b", uuid=UUID))}}, "belongs to network b"),
    ({"networks": {"b": NetworkState(network("b", bridge={"name": "virbr9"}), None)}}, "is the bridge of network b"),
    ({"networks": {"b": NetworkState(network("b", forward={"mode": "bridge"}, bridge={"name": "virbr9"}), None)}}, "is the bridge of network b"),
    ({"routes": (route("10.0.0.0/24"),)}, "overlaps the host's route to 10.0.0.0/24 through eth0"),
    ({"links": frozenset({"virbr9"})}, "is a device that this host has already"),
]


@pytest.mark.parametrize(("host", "says"), REFUSED)
@pytest.mark.parametrize("strict", [True, False])
def test_what_libvirt_would_refuse_is_refused(host, says, strict):
    """In options and in documents: check mode must not predict what the run cannot do."""
    definition = network(uuid=UUID, bridge={"name": "virbr9"}, **ips("10.0.0.1/24"))
    with pytest.raises(ValidationError, match=says):
        plan(wanted(definition=definition, strict=strict), **host)


CONFLICTS = [
    ({"networks": {"b": active(network("b", **ips("10.0.0.1/25")))}}, "overlaps 10.0.0.0/25 of the active network b"),
    ({"networks": {"b": active(network("b", **ips("10.7.0.1/24"), routes=[{"address": "10.0.0.0/8", "gateway": "10.7.0.2"}]))}}, "overlaps the route to"),
    ({"routes": (route("10.0.0.0/8"),)}, "overlaps the host's route to 10.0.0.0/8 through eth0"),
    ({"routes": (route("10.0.0.128/25", connected=False),)}, "10.0.0.128/25 through eth0"),
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
    assert plan(wanted(definition=definition), routes=(route("10.0.0.0/8", connected=False),)).warnings == ()
    own = {"networks": {"a": active(definition)}, "routes": (route("10.0.0.0/24", "virbr9"),)}
    assert plan(wanted(definition=replace(definition, mtu=1400)), active(definition), **own).warnings == ()
    running = active(neighbour.stored)
    running = active(replace(running.stored, bridge=network(bridge={"name": "virbr8"}).bridge))
    host = Host(networks={"b": running}, routes=(route("10.0.0.0/24", "virbr8"),))
    both = make_plan([wanted(definition=definition), wanted("b", "absent")], {"a": None, "b": running}, host)
    assert [(item.key, item.warnings) for item in both.items] == [("b", ()), ("a", ())]


@pytest.mark.parametrize(("taken", "refused"), [("10.9.0.0/16", True), ("10.9.1.0/24", True), ("10.0.0.0/8", False), ("10.8.0.0/16", False)])
def test_routes_of_networks_and_of_the_host(taken, refused):
    """A network may have a wider route than the host: the host's own goes first."""
    definition = network(**ips("192.0.2.1/24"), routes=[{"address": taken, "gateway": "192.0.2.2"}])
    host = {"routes": (route("10.9.0.0/16"),)}
    if refused:
        with pytest.raises(ValidationError, match="routes is .*: overlaps the host's route"):
            plan(wanted(definition=definition), **host)
    else:
        assert plan(wanted(definition=definition), **host).warnings == ()


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
    for definition in (A, network(forward={"mode": "vepa", "dev": "eth0"})):
        with pytest.raises(UnsupportedError, match="can do nothing for forward mode"):
            plan(wanted(definition=definition), uri="qemu:///session")
    assert plan(wanted(definition=network(forward={"mode": "bridge"}, bridge={"name": "eth0"})), uri="qemu:///session").steps


def test_another_hosts_routes_and_devices_are_not_looked_at():
    """What this code sees are those of the host that it runs on; it says so."""
    host = {"uri": "qemu+ssh://there/system", "remote": True, "routes": (route("10.0.0.0/24"),)}
    (warning,) = plan(wanted(definition=network(**ips("10.0.0.1/24"))), **host).warnings
    assert "not looked at" in warning


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


def with_ports(*ports):
    """The state of an active network with ports on its bridge."""
    return replace(active(replace(A, bridge=network(bridge={"name": "virbr1"}).bridge)), kernel=Kernel("up", frozenset(), ports))


def test_a_restart_puts_every_port_back():
    """Guests' and others'; those that have the network's MTU follow it."""
    item = plan(wanted(definition=B), with_ports(Port("eth1", 9000), Port("vnet0", 1400, (("isolated", True),))), guests=GUESTS)
    assert [step.verb for step in item.steps] == ["remember", "define", "stop", "start", "attach", "attach", "forget"]
    assert [step.value for step in item.steps if step.verb == "attach"] == [
        ("virbr1", Port("eth1", 9000)), ("virbr1", Port("vnet0", 1500, (("isolated", True),)))]
    assert (item.cost, [guest.domain for guest in item.guests]) == ("restart", ["vm1", "vm2"])


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


def test_ports_that_a_network_lost_are_put_back():
    """Somebody stopped and started it: guests' NICs are on no bridge."""
    item = plan(wanted(), with_ports(), homeless=(Port("vnet0"),))
    assert [(change.field, change.before, change.after, change.cost) for change in item.changes] == [("kernel.ports", [], ["vnet0"], "live")]
    assert [step.verb for step in item.steps] == ["attach"]


def test_a_pattern_for_the_bridges_name_is_no_change():
    """libvirt stores the name that it chose for virbr%d."""
    pattern = replace(A, bridge=replace(network(bridge={}).bridge, name="virbr%d"))
    held = active(replace(A, bridge=network(bridge={"name": "virbr3"}).bridge))
    assert plan(wanted(definition=pattern, strict=False), held).steps == ()
    assert plan(wanted(definition=replace(pattern, bridge=replace(pattern.bridge, name="lab%d")), strict=False), held).cost == "restart"
    assert expected(NetworkState(pattern, pattern, True), held, ()) == held


def test_who_gives_up_a_subnet_goes_before_who_takes_it():
    """And is put back with it, should that fail. Those that wait for each other are refused."""
    here, there = ips("10.0.0.1/24"), ips("10.0.1.1/24")
    mine, bridge = network(**here), network(bridge={"name": "virbr1"}).bridge
    observed = {"a": active(replace(mine, bridge=bridge)), "b": None}
    moves = [wanted("b", definition=network("b", **here)), wanted(definition=network(**there))]
    items = make_plan(moves, observed, Host(networks={"a": observed["a"]})).items
    assert [(item.key, item.needs) for item in items] == [("a", ()), ("b", ("a",))]
    stops = [moves[0], wanted(state="inactive")]
    assert [item.key for item in make_plan(stops, observed, Host(networks={"a": observed["a"]})).items] == ["a", "b"]
    observed["b"] = active(network("b", **there))
    with pytest.raises(ValidationError, match="exchange a subnet or a bridge"):
        make_plan(moves, observed, Host(networks=observed))


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


def test_a_running_network_that_differs_from_its_definition_is_shown():
    """So that the diff of what brings it back is not empty."""
    item = plan(wanted(definition=A), NetworkState(A, B, True))
    assert item.cost == "restart" and item.before["running"]["mtu"] == 1500 and "running" not in item.after
    assert [(change.field, change.before, change.after) for change in item.changes] == [("mtu", 1500, 1400)]


def test_a_text_beside_a_restart_has_its_own_price():
    """Nobody notices another title."""
    item = plan(wanted(definition=network(mtu=1500, title="x")), active(A))
    assert {change.field: change.cost for change in item.changes} == {"mtu": "restart", "title": "live"}
