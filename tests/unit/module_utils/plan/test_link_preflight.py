# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said before it is done: loops that may be, and ports of different sizes."""

from __future__ import annotations

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.model.bridge import Bridge, BridgePort
from ansible_collections.virtlab.network.plugins.module_utils.model.link import Link, LinkState, WantedLink
from ansible_collections.virtlab.network.plugins.module_utils.model.link_kinds import Nic
from ansible_collections.virtlab.network.plugins.module_utils.model.option import Bag

from .test_link import NIC, bridge, plans

SEEN = {"eth0": NIC, "eth1": NIC, "eth2": NIC._replace(mtu=9000), "tap0": NIC._replace(kind="tun"), "veth0": NIC._replace(kind="veth", mtu=1400)}


def said(*ports, **more):
    """Warnings of a bridge with some ports."""
    wanted = bridge(ports=Bag(BridgePort(name=name) for name in ports), **more)
    return plans([wanted], seen=SEEN, states={})[0].warnings


@pytest.mark.parametrize(("ports", "words"), [
    (("eth0", "eth1"), "STP is off, and eth0, eth1 lead out of the host"),
    (("eth2", "tap0"), "the MTU differs from port to port (tap0 1500, eth2 9000)"),
])
def test_what_may_not_be_meant(ports, words):
    """Is told."""
    assert [words in warning for warning in said(*ports)] == [True]


@pytest.mark.parametrize(("ports", "more"), [
    (("eth0", "tap0"), {}), (("eth0", "veth0"), {}), (("eth0", "eth1"), {"data": Bridge(stp=True)}), ((), {}),
])
def test_what_is_usual(ports, more):
    """Is not."""
    assert said(*ports, **more) == ()


def test_a_size_that_is_asked_for_counts():
    """In the same task."""
    dummy = WantedLink("link", "dummy0", "nic", Link(mtu=1500))
    held = LinkState("dummy0", "nic", Link(up=True, mtu=9000, addresses=Bag(), routes=Bag(), controller=""), Nic())
    wanted = bridge(ports=Bag([BridgePort(name="dummy0"), BridgePort(name="tap0")]))
    items = plans([wanted, dummy], {"dummy0": held}, seen={**SEEN, "dummy0": NIC._replace(mtu=9000)}, states={"dummy0": held})
    assert [item.warnings for item in items if item.key == "br0"] == [()]


def test_guests_that_lose_their_way_out():
    """Those of a network that leaves by the NIC alone are told of when it becomes a port, and not again."""
    wanted, host = bridge(ports=Bag([BridgePort(name="eth0")])), {"seen": SEEN, "states": {}, "ways_out": {"eth0": ["inner"], "eth1": ["other"]}}
    warning, = plans([wanted], **host)[0].warnings
    assert "guests of inner get out by eth0 alone" in warning and "{dev: br0}" in warning
