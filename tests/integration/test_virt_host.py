# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""virt_host: many networks in one plan, pruning by mark, and what is left where one fails."""

from __future__ import annotations


def network(name, third, **more):
    """A NAT network of its own subnet."""
    return {"name": name, "forward": {"mode": "nat"}, "ips": [{"address": f"10.73.{third}.1/24"}], **more}


def names(host):
    """Names of all networks but libvirt's own."""
    return sorted(set(host.run("virsh", "net-list", "--all", "--name").stdout.split()) - {"default"})


def test_many_in_one_call(ansible, host, snapshot):
    """Made at once, predicted by the check, unchanged the second time, each with its own diff."""
    task = {"lab": "web", "networks": [network("one", 1), network("two", 2), network("three", 3, state="inactive")]}
    before = snapshot()
    check = ansible.module("virt_host", check=True, **task)
    assert snapshot() == before
    done, again = ansible.run(("virt_host", task), ("virt_host", task))
    assert done["changed"] and not again["changed"] and again["diff"] == []
    assert done["changes"] == check["changes"]
    assert {change["field"] for change in done["changes"]} == {f"networks[{name}].state" for name in ("one", "two", "three")}
    assert [entry["after_header"] for entry in done["diff"]] == [f"network {name} (cost: live)" for name in ("one", "two", "three")]
    assert {name: after["state"] for name, after in done["after"]["networks"].items()} == {"one": "active", "two": "active", "three": "inactive"}
    assert names(host) == ["one", "three", "two"]


def test_pruning_removes_what_bears_the_mark_and_nothing_else(ansible, host):
    """Another lab's network, an unmarked one, and one that was adopted stay."""
    host.run("tee", "/tmp/foreign.xml", input="<network><name>foreign</name><ip address='10.73.9.1' prefix='24'/></network>")
    host.run("virsh", "net-define", "/tmp/foreign.xml")
    adopted = {"name": "foreign", "ips": [{"address": "10.73.9.1/24"}]}
    results = ansible.run(
        ("virt_host", {"lab": "web", "networks": [network("one", 1), network("two", 2), adopted]}),
        ("virt_host", {"lab": "other", "networks": [network("three", 3)]}),
        ("virt_host", {"lab": "web", "prune": True, "networks": [network("two", 2)]}),
        ("virt_host", {"lab": "web", "prune": True, "networks": [network("two", 2)]}),
        ("virt_host", {"lab": "web", "prune": True}),
    )
    assert [result["changed"] for result in results] == [True, True, True, False, True]
    assert [change["field"] for change in results[2]["changes"]] == ["networks[one].state"]
    assert results[2]["after"]["networks"]["one"] == {"state": "absent"}
    assert names(host) == ["foreign", "three"]


def test_a_subnet_changes_hands_in_one_call(ansible, host):
    """What is removed goes first, so that what takes its subnet can come."""
    result = ansible.run(
        ("virt_host", {"lab": "web", "networks": [network("one", 1)]}),
        ("virt_host", {"lab": "web", "networks": [network("two", 1), {"name": "one", "state": "absent"}]}),
    )[1]
    assert result["changed"] and names(host) == ["two"]


def test_one_that_fails_is_rolled_back_and_the_rest_is_told(ansible, host):
    """The one before stays, the one after is not begun, and the message says so."""
    broken = network("two", 2, dnsmasq_options=["no-such-option"])
    message = ansible.refused("virt_host", lab="web", networks=[network("one", 1), broken, network("three", 3)])
    assert "could not start network two" in message and "nothing of it was left behind" in message and "changed as well and kept: one" in message
    assert names(host) == ["one"]


def test_what_made_room_for_one_that_fails_comes_back(ansible, host):
    """Its subnet was given up for nothing. The order is one that works, whatever the list's."""
    ansible.module("virt_host", networks=[network("one", 1)])
    moved = network("one", 3)
    message = ansible.refused("virt_host", networks=[network("two", 1, dnsmasq_options=["no-such-option"]), moved])
    assert "network two: nothing of it was left behind; network one: what was there before is back" in message
    assert names(host) == ["one"] and "address='10.73.1.1'" in host.run("virsh", "net-dumpxml", "one").stdout
    result = ansible.module("virt_host", networks=[network("two", 1), moved])
    assert result["changed"] and names(host) == ["one", "two"]


def test_pruning_asks_for_the_lab_by_name(ansible, host):
    """Networks that nobody marked on purpose all belong to the default lab."""
    ansible.module("virt_host", networks=[network("one", 1)])
    assert "prune is True but all of the following are missing: lab" in ansible.refused("virt_host", prune=True)
    assert names(host) == ["one"]


def test_a_name_twice_is_refused(ansible, host):
    """Nothing is made."""
    assert "'one': is there twice" in ansible.refused("virt_host", networks=[network("one", 1), network("one", 2)])
    assert names(host) == []
