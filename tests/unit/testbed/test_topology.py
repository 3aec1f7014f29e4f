# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a topology says becomes plans of hosts; what it cannot mean is refused by name."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from testbed import root, topology
from testbed.bed import BedError
from testbed.topology import Nic, Plan

UPLINK = Nic("eth0", "lan", ("198.51.100.11/24", "2001:db8:100::11/64"))

PLANS = [
    ({"hosts": {"one": {}}}, [Plan(11, "one", "namespaces", "bookworm", (UPLINK,))]),
    ({"suite": "trixie", "hosts": {"one": {"nics": {}}}}, [Plan(11, "one", "namespaces", "trixie", ())]),
    (
        {"suite": "trixie", "hosts": {"one": {"nics": {"eth0": "blue"}, "suite": "bookworm"}}},
        [Plan(11, "one", "namespaces", "bookworm", (Nic("eth0", "blue"),))],
    ),
    ({"hosts": {"one": {"nics": {"eth1": "lan"}}}}, [Plan(11, "one", "namespaces", "bookworm", (Nic("eth1", "lan"),))]),
    (
        {"hosts": {"one": {"nics": {"eth0": {"segment": "lan", "addresses": ["10.0.0.1/8"], "mtu": 1400, "mac": "52:54:00:00:00:01"}}}}},
        [Plan(11, "one", "namespaces", "bookworm", (replace(UPLINK, addresses=(*UPLINK.addresses, "10.0.0.1/8"), mtu=1400, mac="52:54:00:00:00:01"),))],
    ),
    (
        {"kind": "vm", "memory": 2048, "hosts": {"one": {"nics": {"wan": {"segment": "lan", "model": "igb"}}, "packages": ["g", "f"]}}},
        [Plan(11, "one", "vm", "bookworm", (Nic("wan", "lan", model="igb"),), 2048, ("f", "g"))],
    ),
    (
        {"kind": "vm", "manager": "networkmanager", "hosts": {"one": {}, "two": {"manager": "networkd", "nics": {}}}},
        [Plan(11, "one", "vm", "bookworm", (UPLINK,), manager="networkmanager"), Plan(12, "two", "vm", "bookworm", ())],
    ),
    (
        {"kind": "vm", "hosts": {"one": {"nics": {"eth0": {"segment": "lan", "dhcp": True}, "eth1": {"segment": "lan", "dhcp": False}}}}},
        [Plan(11, "one", "vm", "bookworm", (Nic("eth0", "lan", dhcp=True), Nic("eth1", "lan")))],
    ),
]

WRONG = [
    ([], "the topology is []: must be a dictionary"),
    ({}, "the topology has 0 hosts: must be 1 to 200"),
    ({"hosts": {"one": {}}, "routers": {}},
     "the topology has routers={}: must be suite (str), kind (str), memory (int), packages (list), manager (str), hosts (dict)"),
    ({"hosts": {"One": {}}}, "host is 'One': must match"),
    ({"hosts": {"ninechars": {}}}, "host is 'ninechars': must match"),
    ({"hosts": {"world": {}}}, "host is 'world': that name is taken"),
    ({"hosts": {"one": {"suite": "slink"}}}, "suite is 'slink': must be one of bookworm"),
    ({"hosts": {"one": {"suite": "bookworm-bare", "kind": "vm"}}}, "suite is 'bookworm-bare': must be one of bookworm, trixie"),
    ({"hosts": {"one": {"kind": "jail"}}}, "kind is 'jail': must be one of namespaces, vm"),
    ({"kind": "vm", "hosts": {"one": {"memory": -5}}}, "memory of host one is -5: must be 512 to 65536"),
    ({"kind": "vm", "hosts": {"one": {"packages": [1]}}}, "packages of host one is [1]: must be names"),
    ({"kind": "vm", "hosts": {"one": {"manager": "ifupdown"}}}, "manager of host one is 'ifupdown': must be one of networkd, networkmanager"),
    ({"hosts": {"one": {"manager": "networkd"}}}, "host one is of kind namespaces: memory, packages, manager and NICs"),
    ({"hosts": {"one": {"nics": {"mgmt0": "lan"}}}}, "nic is 'mgmt0': that name is taken"),
    ({"hosts": {"one": {"nics": {"a": "all"}}}}, "segment is 'all': that name is taken"),
    ({"hosts": {"one": {"nics": {"a": {"segment": "lan", "mtu": 0}}}}}, "mtu of nic a is 0: must be 68 to 9216"),
    ({"hosts": {"one": {"nics": {"a": {"segment": "lan", "mac": "01:00:5e:00:00:01"}}}}}, "mac of nic a is '01:00:5e:00:00:01': must be"),
    ({"hosts": {"one": {"nics": {"a": {"segment": "lan", "addresses": ["junk"]}}}}}, "addresses of nic a has 'junk':"),
    ({"hosts": {"one": {"nics": {"a": {"segment": "lan", "addresses": ["10.0.0.1"]}}}}}, "addresses of nic a has '10.0.0.1': must have a prefix"),
    ({"hosts": {name: {"nics": {"a": {"segment": "lan", "mac": "52:54:00:00:00:01"}}} for name in ("one", "two")}}, "mac is there twice: 52:54:00:00:00:01"),
    ({"hosts": {"one": {"memory": 512}}}, "host one is of kind namespaces: memory, packages, manager and NICs of model igb or with dhcp are for those"),
    ({"hosts": {"one": {"nics": {"eth0": {"segment": "lan", "dhcp": True}}}}}, "host one is of kind namespaces: memory, packages, manager and NICs"),
    ({"kind": "vm", "hosts": {"one": {"nics": {"eth0": {"segment": "lan", "dhcp": "yes"}}}}}, "nic eth0 has dhcp='yes': must be"),
    ({"hosts": {"one": {"nics": {"eth0": {"segment": "lan", "model": "igb"}}}}}, "host one is of kind namespaces: memory, packages, manager and NICs"),
    ({"hosts": {"one": {"nics": {"eth0": {"segment": "lan", "model": "e1000"}}}}}, "model is 'e1000': must be one of virtio, igb"),
    ({"hosts": {"one": {"nics": ["eth0"]}}}, "host one has nics=['eth0']: must be"),
    ({"hosts": {"one": {"nics": {"eth0 ": "lan"}}}}, "nic is 'eth0 ': must match"),
    ({"hosts": {"one": {"nics": {"eth0": "a b"}}}}, "segment is 'a b': must match"),
    ({"hosts": {"one": {"nics": {"eth0": {}}}}}, "segment is '': must match"),
    ({"hosts": {"one": {"nics": {"eth0": {"segment": "lan", "mtu": "9000"}}}}}, "nic eth0 has mtu='9000': must be"),
]


@pytest.mark.parametrize(("document", "plans"), PLANS)
def test_plans(document, plans):
    """Each way to write a host and its NICs."""
    assert topology.of(document) == plans


@pytest.mark.parametrize(("document", "says"), WRONG)
def test_mistakes(document, says):
    """Each names what is wrong, and what would be right."""
    with pytest.raises(BedError, match=re.escape(says)):
        topology.of(document)


def test_hosts_that_are_only_counted():
    """They have an uplink each, with addresses of their own."""
    plans = topology.plain(3, "trixie")
    assert [plan.name for plan in plans] == ["host1", "host2", "host3"]
    assert [plan.nics[0].addresses[0] for plan in plans] == ["198.51.100.11/24", "198.51.100.12/24", "198.51.100.13/24"]
    with pytest.raises(BedError, match="must be 1 to 200"):
        topology.plain(0, "bookworm")


def test_files(tmp_path):
    """A file that cannot be read is named."""
    path = tmp_path / "topology.json"
    with pytest.raises(BedError, match=re.escape(f"cannot read the topology {path}: ")):
        topology.read(path)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(BedError, match=re.escape(f"cannot read the topology {path}: ")):
        topology.read(path)
    path.write_text(json.dumps(PLANS[0][0]), encoding="utf-8")
    assert topology.read(path) == PLANS[0][1]
    assert topology.read(path, suite="trixie", kind="vm") == [replace(PLANS[0][1][0], suite="trixie", kind="vm")]
    path.write_text(json.dumps({"suite": "bookworm", **PLANS[0][0]}), encoding="utf-8")
    assert topology.read(path, suite="trixie") == PLANS[0][1]
    path.write_text("[]", encoding="utf-8")
    with pytest.raises(BedError, match="must be a dictionary"):
        topology.read(path, suite="trixie")


def test_the_example_of_the_documentation(checkout):
    """It is one that works."""
    example = re.search("```json\n(.*?)```", (checkout / "docs/testbed.md").read_text(encoding="utf-8"), re.DOTALL)[1]
    assert [(plan.name, plan.suite, len(plan.nics)) for plan in topology.of(json.loads(example))] == [("left", "bookworm", 2), ("right", "trixie", 2)]


def test_every_suite_is_documented(checkout):
    """Also those that are another's with something left out."""
    text = (checkout / "docs/testbed.md").read_text(encoding="utf-8")
    assert [suite for suite in root.SUITES if f"`{suite.removesuffix('-bare')}`" not in text] == []


def test_names_fit_the_kernel():
    """The longest end of a cable is a device's name of 15 characters."""
    longest = {kind: re.search(r",(\d+)}", pattern)[1] for kind, pattern in topology.NAMES.items()}
    assert len("-") + sum(1 + int(longest[kind]) for kind in ("host", "nic")) <= 15 and 1 + int(longest["segment"]) <= 15
