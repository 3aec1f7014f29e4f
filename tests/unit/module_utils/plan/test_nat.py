# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What translations come to: whose packets they are for, what stands against them, what the host is set to, and every way from one state to another."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.errors import UnsupportedError, ValidationError
from ansible_collections.virtlab.network.plugins.module_utils.model.network_state import NetworkState
from ansible_collections.virtlab.network.plugins.module_utils.model.table import MISSING
from ansible_collections.virtlab.network.plugins.module_utils.plan.table_steps import changes_between, expected, steps_between, undone

from . import plans
from .tables import IP4, IP6, RA, SIX, SUBNET, Host, after, gone, plan, plan_of, wanted

WEB = {"port": "80", "to": "10.0.0.2"}


def network(name="lab", mode="open", *addresses):
    """A network's definition."""
    return plans.network(name, uuid=plans.UUID, **({"forward": {"mode": mode}} if mode else {}), **plans.ips(*(addresses or ["10.0.0.1/24"])))


def refused(words, tasks, host):
    """Have a plan be refused."""
    with pytest.raises(ValidationError) as caught:
        plan_of(tasks, host)
    assert words in str(caught.value) and caught.value.remedy
    return caught.value


LAB = network("lab", "open", "10.0.0.1/24", "fd00::1/64")


@pytest.mark.parametrize("state", [plans.active(LAB), NetworkState(LAB, None), NetworkState(None, LAB)])
def test_a_networks_subnets_are_what_it_is_for(state):
    """Active or not, with those that are given beside it."""
    item = plan(wanted(network="lab", subnets=["10.9.0.0/16"], forwards=[WEB, {"port": "80", "to": "10.9.1.1", "listen": "192.0.2.1", "protocol": "udp"}]),
                Host(networks={"lab": state}))
    assert "elements = { 10.0.0.0/24, 10.9.0.0/16 }" in item.target.text and "elements = { fd00::/64 }" in item.target.text
    assert item.target.settings == ((IP4, 1), (IP6, 1))


def test_the_live_one_counts():
    """A network that is stored in another way is not yet so."""
    item = plan(wanted(network="lab"), Host(networks={"lab": NetworkState(network("lab", "nat", "10.5.0.1/24"), network())}))
    assert "{ 10.0.0.0/24 }" in item.target.text and "10.5" not in item.target.text


def test_a_network_may_come_in_the_same_task():
    """Or get other addresses in it; one that goes in it is not there."""
    tasks = [plans.wanted("lab", definition=network()), wanted(network="lab", forwards=[WEB])]
    for host in (Host(), Host(networks={"lab": plans.active(network("lab", "open", "10.7.0.1/24"))})):
        assert "elements = { 10.0.0.0/24 }" in plan_of(tasks, host)["a"].target.text
    leaving = [plans.wanted("lab", state="absent"), wanted(network="lab")]
    assert refused("network is 'lab': no such network; make it first", leaving, Host(networks={"lab": plans.active(network())})).option == "network"


@pytest.mark.parametrize(("definition", "words"), [
    (None, "no such network; make it first, or in the same task of virt_host, or give subnets"),
    (network("lab", "nat"), "its forward mode is nat: libvirt translates for it already, and rejects whatever comes in by itself; make its forward mode open"),
    (network("lab", None), "its forward mode is isolated: libvirt rejects whatever leaves it and comes in; make its forward mode open"),
    (plans.network("lab", uuid=plans.UUID, forward={"mode": "open"}), "has no addresses; give it ips, or give subnets"),
])
def test_networks_that_it_is_not_for(definition, words):
    """Whether they are there, or are to come."""
    host = Host(networks={} if definition is None else {"lab": plans.active(definition)})
    refused(f"network is 'lab': {words}", [wanted(network="lab")], host)
    if definition is not None:
        refused(f"network is 'lab': {words}", [plans.wanted("lab", definition=definition), wanted(network="lab")], Host())


def test_a_network_that_routes_is_left_to_do_so():
    """Libvirt lets in what comes to it."""
    assert plan(wanted(network="lab", forwards=[WEB]), Host(networks={"lab": plans.active(network("lab", "route"))})).steps


@pytest.mark.parametrize(("options", "words"), [
    ({"forwards": [WEB, {"port": "81", "to": "10.0.1.2"}]}, "forwards[1].to is '10.0.1.2': is in none of 10.0.0.0/24; name a guest there, or add its subnet"),
    ({"forwards": [{"port": "81", "to": "fd00::2"}]}, "forwards[0].to is 'fd00::2': is in none of 10.0.0.0/24"),
    ({"forwards": [{"port": "81", "to": "10.5.0.2"}]}, "forwards[0].to is '10.5.0.2': is in network natted, whose forward mode is nat: libvirt rejects what"),
    ({"subnets": ["10.5.0.0/16"], "forwards": [{"port": "81", "to": "10.5.0.2"}]}, "make that network's forward mode open, and give this module network or"),
    ({"subnets": ["10.6.0.0/16"], "forwards": [{"port": "81", "to": "10.6.0.2"}]}, "is in network alone, whose forward mode is isolated"),
    ({"netmap": [{"inside": "10.0.1.0/28", "outside": "192.0.2.0/28"}]}, "netmap[0].inside is '10.0.1.0/28': is in none of 10.0.0.0/24; name a part of"),
    ({"netmap": [{"inside": "10.0.0.0/23", "outside": "192.0.2.0/23"}]}, "netmap[0].inside is '10.0.0.0/23': is in none of 10.0.0.0/24"),
    ({"netmap": [{"inside": "fd00::/64", "outside": "2001:db8::/64"}]}, "netmap[0].inside is 'fd00::/64': is in none of 10.0.0.0/24"),
    ({"snat": ["203.0.113.5", "2001:db8::5"]}, "snat[1] is '2001:db8::5': there is no subnet of IPv6; leave it out, or add such a subnet"),
])
def test_what_would_lead_nowhere(options, words):
    """Targets outside the subnets, or in networks that let nothing in; and translations that nothing would get."""
    natted = {"natted": plans.active(network("natted", "nat", "10.5.0.1/24")), "alone": plans.active(network("alone", None, "10.6.0.1/24"))}
    refused(words, [wanted(**options)], Host(networks=natted))


OTHER = wanted("b", subnets=["10.1.0.0/24"], forwards=[{"port": "80-90", "to": "10.1.0.2"}], netmap=[{"inside": "10.1.0.0/28", "outside": "192.0.2.0/28"}])
AGAINST = [
    ({"forwards": [WEB]}, "forwards[0] is 'tcp 80': nat b has tcp 80-90 lead to 10.1.0.2; let each port of an address lead to one place"),
    ({"subnets": ["10.1.0.0/16"]}, "subnets is '10.1.0.0/16': overlaps 10.1.0.0/24 of nat b; let each subnet be one resource's"),
    ({"network": "lab"}, "network is 'lab': its subnet 10.1.0.128/25 overlaps 10.1.0.0/24 of nat b"),
    ({"netmap": [{"inside": "10.0.0.7", "outside": "192.0.2.7"}]}, "netmap[0].outside is '192.0.2.7/32': overlaps 192.0.2.0/28, which nat b leads elsewhere"),
]


@pytest.mark.parametrize(("options", "words"), AGAINST)
def test_what_another_translates(options, words):
    """One that is there, or in the same task; not where that one goes or changes in it."""
    networks = {"lab": plans.active(network("lab", "open", "10.1.0.129/25"))}
    for tasks, host in (([wanted(**options)], after(OTHER, networks=networks)), ([wanted(**options), OTHER], Host(networks=networks))):
        refused(words, tasks, host)
    for there in (gone("b"), wanted("b", subnets=["10.2.0.0/24"])):
        assert plan_of([wanted(**options), there], after(OTHER, networks=networks))["a"].steps


def test_an_error_tells_whose_it_is():
    """Where a task has several."""
    refused("nat a: forwards[0] is 'tcp 80': nat b has", [wanted(forwards=[WEB]), OTHER], Host())


@pytest.mark.parametrize("state", [None, plans.active(network("old", "nat")), plans.active(plans.network("old", uuid=plans.UUID, forward={"mode": "open"}))])
def test_what_became_of_others_networks_is_no_concern(state):
    """A network that another is for may be gone, also in the same task, or be none that could be translated any more; its forwards count still."""
    host = after(wanted("b", network="old", subnets=["10.3.0.0/24"], forwards=[{"port": "81", "to": "10.3.0.2"}]),
                 networks={"old": plans.active(network("old", "open", "10.4.0.1/24"))})
    host.networks = {} if state is None else {"old": state}
    subnet = "10.9.0.0/24"
    assert plan(wanted(subnets=[subnet]), host).steps
    assert plan_of([plans.wanted("old", state="absent"), wanted(subnets=[subnet])], host)["a"].steps
    refused("nat b has tcp 81 lead to 10.3.0.2", [wanted(subnets=[subnet], forwards=[{"port": "81", "to": "10.9.0.2"}])], host)
    refused("overlaps 10.3.0.0/24 of nat b", [wanted(subnets=["10.3.0.0/25"])], host)


@pytest.mark.parametrize(("subnets", "advertised", "values", "settings"), [
    (SUBNET, ("eth0",), {}, ((IP4, 1),)), (["fd00::/64"], (), {}, ((IP6, 1),)), (SIX, (), {}, ((IP4, 1), (IP6, 1))),
    (SIX, ("eth0",), {}, ((RA, 2), (IP4, 1), (IP6, 1))), (SIX, ("eth0",), {RA: 2}, ((RA, 2), (IP4, 1), (IP6, 1))),
    (SIX, ("eth0",), {RA: 0}, ((IP4, 1), (IP6, 1))), (SIX, ("eth9",), {}, ((IP4, 1), (IP6, 1))),
])
def test_the_host_passes_packets_on(subnets, advertised, values, settings):
    """And goes on to hear routers where the kernel did: that comes before forwarding, at whose begin it drops what it heard of by all other devices."""
    host = Host(advertised=advertised)
    host.values.update(values)
    item = plan(wanted(subnets=subnets), host)
    assert item.target.settings == settings and item.after["sysctl"] == dict(settings)
    needed = tuple(each for each in settings if host.values[each[0]] != each[1])
    assert [step.value for step in item.steps if step.verb == "set"] == [needed]
    assert [(each.field, each.before, each.after) for each in item.changes if each.field != "state"] == [
        (f"sysctl[{name}]", host.values[name], value) for name, value in needed]


def test_a_kernel_without_ipv6():
    """It is not promised what cannot be; a device that went is not set back."""
    with pytest.raises(UnsupportedError, match=f"no {IP6}, as IPv6 is off: leave subnets of IPv6 out"):
        plan(wanted(subnets=SIX), Host(values={IP4: 0}))
    assert plan(wanted(), Host(values={IP4: 0})).steps
    host = after(wanted(subnets=SIX), advertised=("eth0",))
    del host.values[RA]
    assert undone(plan(gone(), host)).back == ((IP4, 1), (IP6, 1))


def test_routers_that_are_not_heard_now_will_be():
    """What is stored for a device stays, as long as that is there: else its routes would go with the next boot."""
    task, host = wanted(subnets=SIX), after(wanted(subnets=SIX), advertised=("eth0",))
    host.advertised = ()
    assert host.values == {IP4: 1, IP6: 1, RA: 2} and not plan(task, host).steps
    del host.values[RA]
    item = plan(task, host)
    assert [step.verb for step in item.steps] == ["store"] and [(each.field, each.before, each.after) for each in item.changes] == [(f"sysctl[{RA}]", 2, None)]
    host.run(item.steps)
    assert not plan(task, host).steps


def test_nobody_loads_it_at_boot():
    """Where systemd does not run, which is said once."""
    host = Host(boots=False)
    assert plan(wanted(), host).warnings == ("systemd does not run here, and nobody else loads these rules at boot",)
    assert plan(wanted(), after(wanted(), boots=False)).warnings == () and plan(gone(), after(wanted(), boots=False)).warnings == ()


def broken(task, **more):
    """A host on which a task was done, and then something else: other ``kernel``, ``kept`` or ``values``."""
    host = after(task)
    for name, value in more.items():
        getattr(host, name).update(value)
    return host


A, B, V6 = wanted(forwards=[WEB]), wanted(forwards=[{**WEB, "port": "81"}], masquerade=False), wanted(subnets=SIX, ipv6=True)
HOSTS = {
    "none": Host(), "in place": after(A), "altered": broken(A, kernel={"a": "other"}), "missing": broken(A, kernel={"a": None}), "other": after(B),
    "other text": broken(A), "boot": broken(A, kept={"a": None}), "settings": broken(A, values={IP4: 0}), "lab": after(wanted(lab="blue", forwards=[WEB])),
    "ipv6": after(V6, advertised=("eth0",)), "ipv6 off": broken(V6, values={IP6: 0, IP4: 0}),
    "all": broken(B, kernel={"a": None}, kept={"a": None}, values={IP4: 0}),
}
HOSTS["other text"].written["a"] = replace(HOSTS["other text"].written["a"], text="of an older release")
TASKS = {"absent": gone(), "a": A, "b": B, "blue": wanted(lab="blue", forwards=[WEB]), "ipv6": V6}
PAIRS = pytest.mark.parametrize(("host", "task"), [(host, task) for host in HOSTS for task in TASKS])


def killed(host, steps):
    """Copies of a host on which steps were taken, until the run was killed; as many as there are places for that, and one with all taken."""
    whole = copy.deepcopy(host)
    pieces = len([piece for step in steps for piece in whole.take(step)])
    for taken in range(pieces + 1):
        reached = copy.deepcopy(host)
        reached.run(steps, taken)
        yield reached


def there(host, task):
    """True where a host has all that a task asks for, and nothing else of it."""
    if task.data is None:
        return not any(held.get("a") for held in (host.written, host.kernel, host.kept))
    state, whole = host.written["a"], after(task)
    same = (state.data, state.lab, host.kernel["a"], host.kept["a"]) == (task.data, task.lab, whole.kernel["a"], whole.kernel["a"])
    return same and set(state.settings) >= set(whole.written["a"].settings) and all(host.values[name] == value for name, value in state.settings)


@PAIRS
def test_steps_lead_there_from_every_place_where_a_run_was_killed(host, task):
    """Taking them, or some of them and then those of a new plan, which has no more to do afterwards; steps and changes are there together."""
    host, task = HOSTS[host], TASKS[task]
    item = plan(task, host)
    assert bool(item.steps) == bool(item.changes)
    for reached in killed(host, item.steps):
        again = plan(task, reached)
        assert bool(again.steps) == bool(again.changes)
        reached.run(again.steps)
        assert there(reached, task), again.steps
        done = plan(task, reached)
        assert (done.steps, done.changes, done.before) == ((), (), done.after)


@PAIRS
def test_what_fails_is_taken_back_from_wherever_it_got(host, task):
    """All that was stored is as it was, and so are the settings; the kernel has what was stored, or nothing."""
    host, item = HOSTS[host], plan(TASKS[task], HOSTS[host])
    for reached in killed(host, item.steps):
        back = undone(item)
        reached.run(steps_between(reached.observe(), back))
        now = reached.observe()
        left = steps_between(now, expected(back, reached))
        assert left == () and list(changes_between(now, expected(back, reached), left)) == []
        assert reached.written == host.written and reached.values == host.values
        kept = host.written["a"].text if host.written else None
        if item.steps:
            assert (reached.kernel.get("a"), reached.kept.get("a")) == (kept, kept)


def test_a_table_that_was_new_leaves_its_settings_as_they_were():
    """What differs is told where one cannot be set back."""
    host = Host()
    item = plan(wanted(subnets=SIX), host)
    back = undone(item)
    assert (back.data, back.live, back.settings, back.back) == (None, MISSING, (), ((IP4, 0), (IP6, 0)))
    host.run(item.steps)
    assert [step.verb for step in steps_between(host.observe(), back)] == ["unload", "forget", "set"]
    host.run(steps_between(host.observe(), back)[:2])
    left = steps_between(None, expected(back, host))
    assert [(each.field, each.before, each.after) for each in changes_between(None, expected(back, host), left)] == [
        (f"sysctl[{IP4}]", 1, 0), (f"sysctl[{IP6}]", 1, 0)]


def test_settings_come_back_where_only_these_were_new():
    """A table that was there, and did not need them; what is stored of it still says what it needs."""
    host = broken(A, values={IP4: 0})
    item = plan(V6, host)
    host.run(item.steps)
    assert host.values == {IP4: 1, IP6: 1, RA: 1}
    host.run(steps_between(host.observe(), undone(item)))
    assert host.values == {IP4: 0, IP6: 0, RA: 1} and host.written["a"].settings == ((IP4, 1),)


@pytest.mark.parametrize(("host", "fields"), [
    ("none", {"state", f"sysctl[{IP4}]"}), ("in place", set()), ("altered", {"kernel"}), ("missing", {"kernel"}), ("other", {"forwards", "masquerade"}),
    ("other text", {"rules", "kernel", "boot"}), ("boot", {"boot"}), ("settings", {f"sysctl[{IP4}]"}), ("lab", {"lab", "rules"}),
    ("ipv6", {"forwards", "subnets", "ipv6", f"sysctl[{IP6}]", f"sysctl[{RA}]"}),
])
def test_what_changes_is_told(host, fields):
    """By options and what else of it there is."""
    item = plan(A, HOSTS[host])
    assert {each.field for each in item.changes} == fields and {each.cost for each in item.changes} <= {"live"}


def test_the_same_in_another_order_is_the_same():
    """Nothing is done."""
    options = {"subnets": SIX, "forwards": [WEB, {"port": "7-9", "to": "fd00::2", "sources": ["2001:db8::/32", "fd01::/64"]}], "devices": ["a", "b"]}
    turned = {name: value[::-1] for name, value in options.items()}
    turned["forwards"][0] = {**turned["forwards"][0], "sources": ["fd01::/64", "2001:db8::/32"]}
    host = after(wanted(**options))
    assert plan(wanted(**turned), host).steps == ()


@pytest.mark.parametrize(("listening", "options", "told"), [
    (("tcp", "*", 80), {}, "* port 80"), (("tcp", "0.0.0.0", 80), {}, "0.0.0.0 port 80"), (("tcp", "10.0.0.1", 80), {}, "10.0.0.1 port 80"),
    (("udp", "*", 80), {}, None), (("tcp", "*", 81), {}, None), (("tcp", "*", 81), {"port": "80-90"}, "* port 81"), (("tcp", "::", 80), {}, None),
    (("tcp", "127.0.0.1", 80), {}, None), (("tcp", "10.0.0.1", 80), {"listen": "198.51.100.1"}, None), (("tcp", "*", 80), {"to": "fd00::2"}, "* port 80"),
    (("tcp", "198.51.100.1", 80), {"listen": "198.51.100.1"}, "198.51.100.1 port 80"),
])
def test_what_the_host_listens_to_itself_is_told_of(listening, options, told):
    """Whoever asks for it from elsewhere is led to a guest, in silence if nobody says so."""
    item = plan(wanted(subnets=SIX, forwards=[{"port": "80", "to": "10.0.0.2", **options}]), Host(listening=frozenset({listening})))
    assert [each.split(", which")[0] for each in item.warnings] == ([f"forwards[0]: the host itself listens to {told}"] if told else [])


def test_nothing_to_masquerade_is_no_masquerade():
    """IPv6 is masqueraded where that is said."""
    with pytest.raises(ValidationError, match="say ipv6: true"):
        plan(wanted(subnets=["fd00::/64"], masquerade=True), Host())
    assert plan(wanted(subnets=["fd00::/64"], masquerade=True, ipv6=True), Host()).steps and plan(wanted(subnets=["fd00::/64"]), Host()).steps
