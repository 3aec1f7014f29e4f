# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a translation's plan would cut the connection that the task came by, and what would not."""

from __future__ import annotations

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.model.access import Access
from ansible_collections.virtlab.network.plugins.module_utils.plan import guard, nat_guard

from .tables import SIX, Host, after, gone, plan, wanted

NEAR = Access("198.51.100.1", "198.51.100.11", ("eth0",), "198.51.100.0/24", port=22)
FAR6 = Access("2001:db8:9::1", "2001:db8::11", ("eth0",), "default", "fe80::1", 1024, port=2222)
SSH, SSH6 = {"port": "22", "to": "10.0.0.2"}, {"port": "2222", "to": "fd00::2"}
MAPPED = {"netmap": [{"inside": "10.0.0.0/28", "outside": "198.51.100.0/28"}]}


def clauses(task, access=NEAR, host=None):
    """What the guard says of a plan."""
    return list(nat_guard.cuts(plan(task, host or Host()), access))


def forwarding(**options):
    """A task with a forward of the ssh port, which other options may change."""
    return wanted(subnets=SIX, forwards=[{**SSH, **options}])


TAKES = [
    {}, {"to_port": "2022"}, {"listen": "198.51.100.11"}, {"port": "1-1023"}, {"port": "22-30"},
    {"port": "10-22", "listen": "198.51.100.11", "to_port": "10010"},
    {"sources": ["198.51.100.0/24"]}, {"sources": ["10.0.0.0/8", "198.51.100.1"]}, {"sources": ["0.0.0.0/0"]}, {"protocol": "tcp", "comment": "mine"},
]
LEAVES = [
    {"protocol": "udp"}, {"protocol": "sctp"}, {"port": "23"}, {"port": "1-21"}, {"port": "23-65535"}, {"port": "2222", "to_port": "22"},
    {"listen": "198.51.100.12"}, {"sources": ["198.51.100.2"]}, {"sources": ["203.0.113.0/24"]}, {"to": "fd00::2"}, {"to": "fd00::2", "listen": "2001:db8::11"},
]


@pytest.mark.parametrize("options", TAKES)
def test_forwards_that_take_the_port(options):
    """Of any address or of this, of one port or of several, for all or for this client; not once they are there, in whatever words."""
    said, = clauses(forwarding(**options))
    forward = forwarding(**options).data.forwards[0]
    assert said == f"forward {forward} leads new connections to 198.51.100.11 port 22 on to 10.0.0.2"
    assert clauses(forwarding(**options), host=after(forwarding(**options))) == []
    for then in ({**options, "comment": "another"}, {**options, "to": "10.0.0.3"}, {}):
        assert clauses(forwarding(**then), host=after(forwarding(**options))) == []


@pytest.mark.parametrize("options", LEAVES)
def test_forwards_that_do_not(options):
    """Those of another protocol, port, address, version or client."""
    assert clauses(forwarding(**options)) == []
    assert len(clauses(forwarding(), host=after(forwarding(**options)))) == 1


def test_by_ipv6():
    """The same with its addresses, and another port."""
    task = wanted(subnets=SIX, forwards=[SSH, SSH6])
    assert clauses(task, FAR6) == ["forward tcp 2222 leads new connections to 2001:db8::11 port 2222 on to fd00::2"]
    assert clauses(wanted(subnets=SIX, forwards=[{**SSH6, "sources": ["2001:db8::/64"]}]), FAR6) == []


def test_a_connection_of_no_port():
    """Nobody knows which, so there is nothing to hold a forward against."""
    assert clauses(forwarding(), NEAR._replace(port=None)) == []


def test_one_to_one_over_the_servers_address():
    """All that comes to it goes inside; not once it is so."""
    said = "netmap of 198.51.100.0/28 leads what is for 198.51.100.11 on to 10.0.0.0/28"
    assert clauses(wanted(**MAPPED)) == [said] and clauses(wanted(**MAPPED), FAR6) == []
    assert clauses(wanted(**MAPPED), host=after(wanted(**MAPPED))) == [] and clauses(wanted(**MAPPED), host=after(wanted())) == [said]
    assert clauses(wanted(netmap=[{"inside": "10.0.0.0/28", "outside": "198.51.100.16/28"}])) == []
    inside = {"netmap": [{"inside": "10.0.0.7", "outside": "198.51.100.11"}]}
    assert clauses(wanted(**inside)) == ["netmap of 198.51.100.11/32 leads what is for 198.51.100.11 on to 10.0.0.7/32"]


@pytest.mark.parametrize("kernel", [None, "other"])
def test_what_is_stored_and_not_there_is_new(kernel):
    """Somebody may have taken it out of the kernel to get in again."""
    for task in (forwarding(), wanted(**MAPPED)):
        host = after(task)
        host.kernel["a"] = kernel
        assert len(clauses(task, host=host)) == 1


def test_what_goes_cuts_nothing():
    """And what has no forward does not."""
    assert clauses(gone(), host=after(forwarding())) == [] and clauses(wanted()) == [] and clauses(wanted(snat=["198.51.100.11"])) == []


def test_the_guard_of_a_whole_plan_asks_for_it():
    """With the resource's name."""
    item = plan(forwarding(), Host())
    assert guard.clauses([item], NEAR) == ["nat a: forward tcp 22 leads new connections to 198.51.100.11 port 22 on to 10.0.0.2"]
