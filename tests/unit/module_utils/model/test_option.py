# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options as data: canonical forms, lists without order, differences by key."""

from __future__ import annotations

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.model.network import Network, PciAddress
from ansible_collections.virtlab.network.plugins.module_utils.model.option import Bag, differences, introduced, plain, read
from ansible_collections.virtlab.network.plugins.module_utils.model.services import Ip, Lease, Route

CANONICAL = [
    (Network, {"mac": "52:54:0:AB:cd:5"}, {"mac": "52:54:00:ab:cd:05"}),
    (Network, {"uuid": "F6514662-26E5-431E-8544-FD216BED9312"}, {"uuid": "f6514662-26e5-431e-8544-fd216bed9312"}),
    (Network, {"forward": {"mode": "isolated"}}, {}),
    (Ip, {"address": "192.168.1.1/255.255.255.0"}, {"address": "192.168.1.1/24"}),
    (Ip, {"address": "10.0.0.1"}, {"address": "10.0.0.1/8"}),
    (Ip, {"address": "172.16.0.1"}, {"address": "172.16.0.1/16"}),
    (Ip, {"address": "192.168.1.1", "family": "ipv4"}, {"address": "192.168.1.1/24"}),
    (Ip, {"address": "2001:DB8:0:0::1"}, {"address": "2001:db8::1/64", "family": "ipv6"}),
    (Route, {"address": "fd00:0::/48", "gateway": "FD00::1"}, {"address": "fd00::/48", "family": "ipv6", "gateway": "fd00::1"}),
    (PciAddress, {"bus": "3", "slot": "16", "function": "0x1"}, {"bus": "0x03", "slot": "0x10", "function": "0x1"}),
]


@pytest.mark.parametrize(("cls", "given", "canonical"), CANONICAL)
def test_one_canonical_form(cls, given, canonical):
    """However a value is written, it is one."""
    assert plain(read(cls, given)) == canonical
    assert read(cls, plain(read(cls, given))) == read(cls, given)


def test_leases_of_one_length_are_one():
    """60 minutes are an hour, and keep the words they were given in."""
    assert Lease(60, "minutes") == Lease(1, "hours") == Lease(60) != Lease(61)
    assert len({Lease(60, "minutes"), Lease(1, "hours")}) == 1
    assert plain(Lease(60, "minutes")) == {"expiry": 60, "unit": "minutes"}


def test_a_bag_has_no_order_but_keeps_it():
    """Equal whatever the order, not whatever the number; printed as given."""
    assert Bag("ab") == Bag("ba") and hash(Bag("ab")) == hash(Bag("ba"))
    assert Bag("ab") != Bag("abb")
    assert plain(Bag("ba")) == ["b", "a"]
    inner = [Bag([Lease(60, "minutes"), Lease(1, "seconds")]), Bag([Lease(1, "seconds"), Lease(1, "hours")])]
    assert inner[0] == inner[1] and Bag([inner[0]]) == Bag([inner[1]])


def test_differences_name_list_entries_by_key():
    """As a person would point at them."""
    before = read(Network, {"mtu": 1400, "ips": [{"address": "10.0.0.1/24", "dhcp": {"hosts": [{"mac": "52:54:00:00:00:01", "ip": "10.0.0.5"}]}}]})
    after = read(Network, {"mtu": 1500, "ips": [{"address": "10.0.0.1/24", "dhcp": {"hosts": [{"mac": "52:54:00:00:00:02", "ip": "10.0.0.5"}]}}]})
    assert list(differences(before, after)) == [
        ("mtu", 1400, 1500),
        ("ips[10.0.0.1/24].dhcp.hosts[10.0.0.5].mac", "52:54:00:00:00:01", "52:54:00:00:00:02"),
    ]
    assert list(differences(before, before)) == []
    gone = list(differences(before, read(Network, {"mtu": 1400})))
    assert gone == [("ips", plain(before)["ips"], [])]


def test_differences_of_lists_without_order():
    """Moved entries are none; new and removed ones are told by key."""
    one, two = {"name": "a"}, {"name": "b", "default": True}
    assert list(differences(read(Network, {"portgroups": [one, two]}), read(Network, {"portgroups": [two, one]}))) == []
    found = list(differences(read(Network, {"portgroups": [one]}), read(Network, {"portgroups": [two]})))
    assert found == [("portgroups[a]", {"name": "a"}, None), ("portgroups[b]", None, {"name": "b", "default": True})]


def test_options_newer_than_libvirt_are_found():
    """With their path, at any depth."""
    assert list(introduced(read(Network, {"title": "x", "domain": {"name": "a", "register": True}}))) == [("title", "9.7.0"), ("domain.register", "10.1.0")]
