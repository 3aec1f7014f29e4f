# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans for cables, one or both of whose ends a task names."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.codec import link_words
from ansible_collections.virtlab.network.plugins.module_utils.errors import ValidationError
from ansible_collections.virtlab.network.plugins.module_utils.model.bridge import BridgePort
from ansible_collections.virtlab.network.plugins.module_utils.model.link import Link, WantedLink
from ansible_collections.virtlab.network.plugins.module_utils.model.link_kinds import Veth
from ansible_collections.virtlab.network.plugins.module_utils.model.option import Bag

from tests.unit.module_utils.plan.test_link import NIC, bridge, plans, there, verbs


def end(name, peer=None, device="veth", **more):
    """An end as a task asks for it."""
    return WantedLink("link", name, device, data=Veth(peer) if device == "veth" else None, **more)


PLAIN = end("b", device=None, link=Link(mtu=1300, addresses=Bag(["10.0.0.2/24"])))


@pytest.mark.parametrize("wanted", [(end("a", "b"), PLAIN), (PLAIN, end("a", "b")), (end("a", "b"), end("b", "a", link=PLAIN.link)), (end("a", "b"), end("b"))])
def test_both_ends_are_one_cable(wanted):
    """The one brings the other, which is made no second time, has what it was asked, and bears no mark."""
    items = plans(wanted)
    made, brought = items
    assert (made.key, brought.key, verbs(made)[0], verbs(brought)[0]) == ("a", "b", "create", "create")
    commands = [list(link_words.create(*item.steps[0].value)) for item in items]
    assert commands[0][0] == ("ip", "link", "add", "name", "a", "type", "veth", "peer", "name", "b")
    assert commands[1] == ([("ip", "link", "set", "dev", "b", "mtu", "1300")] if wanted[1].link.mtu or wanted[0].link.mtu else [])
    assert brought.target.lab is None and brought.target.data == Veth("a") and brought.target.link.up


def test_who_refers_to_an_end_waits_for_it():
    """Also where it is the one that is brought."""
    items = plans([bridge(ports=Bag([BridgePort(name="b")])), end("b", device=None), end("a", "b")])
    assert [item.key for item in items] == ["a", "b", "br0"]


def test_a_cable_that_is_there_stays():
    """Whichever ends are named; one that gets another end is made anew."""
    held = {"a": there("a", "veth", Veth("b")), "b": there("b", "veth", Veth("a"), mtu=1300, addresses=Bag(["10.0.0.2/24"]))}
    seen = {"a": NIC._replace(kind="veth"), "b": NIC._replace(kind="veth")}
    assert [item.steps for item in plans([end("a", "b"), PLAIN], held, seen=seen)] == [(), ()]
    assert verbs(plans([end("a", "c")], held, seen=seen)[0])[:2] == ["delete", "create"]
    other = {"a": replace(held["a"], data=Veth(None))}  # in another namespace
    assert plans([end("a", "c")], other, seen=seen)[0].steps == ()


def test_both_ends_go_with_one_of_them():
    """The kernel removes the other by itself."""
    held = {"a": there("a", "veth", Veth("b")), "b": there("b", "veth", Veth("a"))}
    items = plans([end("a", state="absent"), end("b", state="absent")], held)
    assert [verbs(item) for item in items] == [["delete"], ["forget"]] and all(item.changes for item in items)


@pytest.mark.parametrize(("wanted", "words"), [
    ([end("a", "a")], "veth.peer is 'a': is the device itself"),
    ([end("a", "eth1")], "veth.peer is 'eth1': is there already, a device of kind nic"),
    ([end("a", "b"), end("c", "b")], "link c: veth.peer is 'b': is an end of another cable"),
    ([end("a", "b"), end("b", "c")], "link a: veth.peer is 'b': is to have c for its other end"),
    ([end("b", "c"), end("a", "b")], "link a: veth.peer is 'b': is an end of another cable"),
    ([end("a", "b"), end("b", state="absent")], "is to be absent in the same task"),
    ([end("a", "b"), end("b", device="dummy")], "is to be a device of kind dummy in the same task"),
    ([end("old", state="absent"), end("far", device=None, link=Link(mtu=1400))], "far is the other end of old, and goes with it"),
])
def test_ends_that_do_not_fit_are_refused(wanted, words):
    """Before anything is touched."""
    held = {"old": there("old", "veth", Veth("far")), "far": there("far", "veth", Veth("old"))}
    with pytest.raises(ValidationError, match=words):
        plans(wanted, held, seen={"eth1": NIC})
