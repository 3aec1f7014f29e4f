# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to devices that are wanted, or an error."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.virtlab.network.plugins.module_utils import argument_spec
from ansible_collections.virtlab.network.plugins.module_utils.desired.tasks import WANTED
from ansible_collections.virtlab.network.plugins.module_utils.errors import ValidationError

#: kinds of the devices that are there
THERE = {"eth3": "nic", "v20": "vlan", "bond0": "bond", "mt0": "macvtap", "br0": "bridge", "wg0": "wireguard"}


def wanted(resource, **options):
    """What is wanted of a resource."""
    host = SimpleNamespace(devices=SimpleNamespace(seen={name: SimpleNamespace(kind=each) for name, each in THERE.items()}))
    params = {name: spec.get("default") for name, spec in argument_spec.KINDS_OF_RESOURCES[resource]()["options"].items()}
    return WANTED[resource]({**params, **options}, "default", host)


@pytest.mark.parametrize(("options", "device"), [
    ({"name": "eth3", "nic": {"sriov_numvfs": 2}}, "nic"), ({"name": "v20", "vlan": {"gvrp": True}}, "vlan"), ({"name": "bond0", "ports": ["eth3"]}, "bond"),
    ({"name": "mt0", "macvlan": {"mode": "bridge"}}, "macvtap"), ({"name": "v21", "link": "eth3", "vlan": {"id": 21}}, "vlan"),
    ({"name": "b1", "bond": {"miimon": 100}, "ports": []}, "bond"), ({"name": "v20", "link": "eth3"}, "vlan"), ({"name": "v20", "mtu": 1400}, None),
])
def test_options_say_the_kind(options, device):
    """Where nobody else does: that of the device that is there, or the one that they are for."""
    assert wanted("link", **options).device == device


BAD = [
    ("link", {"name": "eth3", "vlan": {"id": 5}}, "vlan is .*is not for a device of kind nic"),
    ("link", {"name": "wg0", "ports": ["eth3"]}, "a device of kind wireguard has none"),
    ("link", {"name": "br0", "ports": ["eth3"]}, "name is 'br0': is a bridge; use virt_bridge"),
    ("link", {"name": "new", "vlan": {"id": 5}, "bond": {"miimon": 100}}, "bond and vlan are options of different kinds"),
    ("link", {"name": "new", "ports": ["eth3"]}, "ports are those of a bond or team"),
    ("bridge", {"name": "all"}, "name is 'all': must be another"),
    ("link", {"name": "v0", "kind": "veth", "veth": {"peer": "default"}}, "veth.peer is 'default': must be another"),
    ("bridge", {"name": "b", "addresses": ["10.5.0.7"]}, r"addresses\[0\] is '10.5.0.7': must be given with its prefix, such as 10.5.0.7/24"),
    ("bridge", {"name": "b", "addresses": ["fd00::1"]}, "such as fd00::1/64"),
    ("bridge", {"name": "b", "addresses": ["0.0.0.0/0"]}, "must be the address of one device"),
    ("bridge", {"name": "b", "addresses": ["ff02::1/64"]}, "must be the address of one device"),
    ("bridge", {"name": "b", "addresses": ["224.0.0.5/24"]}, "must be the address of one device"),
    ("bridge", {"name": "b", "routes": [{"dst": "10.0.0.0/8", "gateway": "fe80::1"}]}, r"routes\[0\].gateway is 'fe80::1': is not of IPv4, as 10.0.0.0/8 is"),
    ("bridge", {"name": "b", "routes": [{"dst": "fd00::/8", "src": "10.0.0.1"}]}, r"routes\[0\].src is '10.0.0.1': is not of IPv6"),
]


@pytest.mark.parametrize(("kind", "options", "words"), BAD)
def test_bad_options_are_refused(kind, options, words):
    """Before anything is touched."""
    with pytest.raises(ValidationError, match=words):
        wanted(kind, **options)
