# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to a guest's NIC that is wanted: which is meant, and what is refused by itself."""

from __future__ import annotations

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.desired.interface import interface
from ansible_collections.virtlab.network.plugins.module_utils.errors import UnsupportedError, ValidationError

from tests.unit.module_utils.plan.nics import ONE, THREE, TWO, Host, guest, nic, options

SINGLE = Host((guest(stored=(nic(),), live=(nic(label="net0"),)),))
DOUBLE = Host((guest(stored=(nic(), nic(TWO, "ua-two"))),))
BARE = Host((guest(stored=()),))


def wanted(host=SINGLE, **given):
    """What is wanted of some options."""
    return interface(options(**given), "default", host)


def test_which_nic_is_meant():
    """The one of the alias, else of the MAC address, else the only one; by whatever it is found it is known until the task is over."""
    assert [wanted(**given).name for given in ({}, {"mac": ONE.upper()}, {"alias": "net0"}, {"alias": "ua-new", "mac": ONE})] == [
        f"vm/{ONE}", f"vm/{ONE}", "vm/net0", f"vm/{ONE}"]
    assert wanted(DOUBLE, alias="ua-two", mac=THREE).name == "vm/ua-two" and wanted(DOUBLE, alias="ua-two", mac=THREE).held[0].mac == TWO
    assert wanted(DOUBLE, alias="ua-new", network="a").held is None and wanted(DOUBLE, mac=THREE, network="a").name == f"vm/{THREE}"


@pytest.mark.parametrize(("host", "listed"), [(DOUBLE, f"the NICs {ONE}, {TWO} (ua-two)"), (BARE, "no NIC")])
def test_what_is_not_named_is_refused_unless_it_is_the_only_one(host, listed):
    """A second run would not find what the first had made."""
    with pytest.raises(ValidationError) as caught:
        wanted(host, network="a")
    assert f"guest vm has {listed}: which is meant is not said; say mac or alias" in str(caught.value)


def test_two_nics_of_one_mac_are_told_apart_by_their_alias():
    """libvirt takes them, and so does whoever edits a definition."""
    host = Host((guest(stored=(nic(), nic(ONE, "ua-two"))),))
    with pytest.raises(ValidationError, match="has 2 NICs of it; say their alias"):
        wanted(host, mac=ONE)
    assert wanted(host, alias="ua-two").name == "vm/ua-two"


def test_a_guest_that_is_not_there_has_no_nic_to_remove():
    """And none to make."""
    assert wanted(BARE, domain="gone", alias="ua-x", state="absent").name == "gone/ua-x"
    with pytest.raises(ValidationError, match="domain is 'gone': no such guest; define it first; there are: vm"):
        wanted(BARE, domain="gone", alias="ua-x")


@pytest.mark.parametrize(("given", "words"), [
    ({"network": "a", "bridge": "br0"}, "bridge is 'br0': network is given, too"),
    ({"alias": "ua-new"}, "guest vm has no NIC ua-new, and a new one is attached to something; say network, bridge or dev; the guest has the NICs"),
    ({"alias": "new", "network": "a"}, "aliases that users give begin with ua-; say ua-new"),
    ({"alias": "ua new", "network": "a"}, "must be 1 to 64 letters, digits, underscores and dashes"),
    ({"bridge": "br0", "portgroup": "x"}, "is for a NIC on a network"),
    ({"mode": "bridge"}, "is for a NIC on a dev"),
    ({"mtu": 60}, "must be 68 or more, or 0"),
    ({"target": "vnet7"}, "libvirt gives names that begin with vnet"),
    ({"mac": "01:00:5e:00:00:01"}, "marks a multicast address"),
    ({"vlan": {"trunk": True, "tags": []}}, "must hold at least one tag"),
    ({"vlan": {"trunk": None, "tags": [{"id": 5}, {"id": 5}]}}, "is there twice"),
    ({"bandwidth": {"outbound": {"peak": 5}}}, "bandwidth.outbound.average is None: must be given"),
    ({"filterref": {"filter": None, "parameters": [{"name": "IP", "value": "10.0.0.1"}]}}, "must be given with parameters"),
    ({"dev": "eth0", "filterref": {"filter": "clean-traffic"}}, "libvirt filters nothing that goes by a macvtap"),
    ({"domain": "a/b"}, "must be a name of one line, without a slash"),
])
def test_what_cannot_be_is_refused(given, words):
    """With the option, its value, and what to do."""
    with pytest.raises(ValidationError) as caught:
        wanted(**given)
    assert words in str(caught.value)


def test_a_new_nic_has_what_follows():
    """A MAC address that is nobody's, and for guests of QEMU a model. Those of LXC have no alias, and no model."""
    new = wanted(alias="ua-new", network="a").given
    assert new.mac.startswith("52:54:00") and (new.model, new.alias) == ("virtio", "ua-new")
    host = Host((guest(stored=(nic(),), driver="LXC"),))
    assert wanted(host, mac=TWO, network="a").given.model is None
    with pytest.raises(UnsupportedError, match="driver LXC keep none that users give; say mac"):
        wanted(host, mac=TWO, alias="ua-new", network="a")
