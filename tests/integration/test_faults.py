# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that are killed, whose libvirt goes away, or whose disk is full: what is there then is what was before, or the next run gets there."""

from __future__ import annotations

import itertools
import json

import pytest

from tests.integration.test_restart import BASE, BIGGER, links, nic, reaches_out

ABSENT = {"name": "one", "state": "absent"}
RENAMED = {**BASE, "domain": {"name": "one.test"}}
OPEN = {**BASE, "forward": {"mode": "open"}, "ips": [{"address": "10.79.0.1/24"}, {"address": "fd79::1/64"}],
        "proxied": {"dev": "eth0", "addresses": ["198.51.100.22"]}}
#: (what is there, what is asked for, whether a guest is there)
WAYS = {
    "made": (ABSENT, BASE, False),
    "restarted under a guest": (BASE, BIGGER, True),
    "asked to be present, and restarted": (BASE, {**BIGGER, "state": "present"}, True),
    "updated under a guest": (BASE, {**BASE, "dns": {"hosts": [{"ip": "10.79.0.9", "hostnames": ["nine"]}]}, "portgroups": [{"name": "slow"}]}, True),
    "a transient one restarted": ({**BASE, "persistent": False}, {**RENAMED, "persistent": False}, True),
    "given other addresses of the NIC's subnet": (OPEN, {**OPEN, "proxied": {"dev": "eth0", "addresses": ["198.51.100.20", "2001:db8:100::20"]}}, False),
    "removed": (BASE, ABSENT, False),
}


@pytest.fixture
def faulty(host, inside):
    """A function that makes a run with a fault: (exit code, what it printed)."""

    def run(options, fault, number):
        done = inside(host, "faults", json.dumps(options), fault, str(number), check=False)
        assert done.returncode in (0, 3, 9), done.stderr
        return done.returncode, json.loads(done.stdout) if done.stdout else {}

    return run


@pytest.fixture
def way(ansible, host, guest_on, request):
    """One of WAYS, set up: (how to get back to its beginning, what is asked for, the guest or None)."""
    before, asked, with_guest = WAYS[request.param]
    if not with_guest:
        ansible.module("virt_network", **before)
        return before, asked, None
    one = guest_on(before)
    host.run("ip", "link", "add", "test0", "type", "veth", "peer", "name", "test1")
    host.run("ip", "link", "set", "test0", "master", "test-one", "up")
    return before, asked, one


def whole(host, one):
    """What a network must have after all: the guest's NIC and the cable on its bridge, and packets that pass."""
    if one is None:
        return True
    found = links(host)
    return [found[name].get("master") for name in (nic(host), "test0")] == ["test-one"] * 2 and reaches_out(one)


@pytest.mark.parametrize(("way", "fault"), [*((way, "kill") for way in WAYS), ("made", "restart"), ("restarted under a guest", "restart")], indirect=["way"])
def test_every_step_may_be_the_one(host, faulty, way, fault):
    """What a killed run left, the next one finishes. A run whose libvirt goes away puts back what was there, or says that it is done."""
    before, asked, one = way
    tried = 0
    for number in itertools.count():
        code, said = faulty(asked, fault, number)
        if code == 3:
            break
        tried += 1
        assert code == (9 if fault == "kill" else 0)
        if fault == "restart":
            unchanged = faulty(asked if "error" not in said else before, "kill", 99)[1]
            assert unchanged["changed"] is False, (number, said, unchanged)
        finished, again = (faulty(asked, "kill", 99)[1] for unused in range(2))
        assert "error" not in finished and again == {"changed": False, "steps": []}, (number, said, finished, again)
        assert whole(host, one), (number, said, finished)
        assert host.run("sh", "-c", "ls /run/virtlab.network 2>/dev/null || true").stdout == ""
        faulty(before, "kill", 99)
    assert tried >= 2 and said.get("changed") is True


def test_a_full_disk_is_survived(ansible, host):
    """Where libvirt cannot store what it is told, it cannot store what was there either; the error says both. The network runs as before, and its
    file is what it was; once there is room again, the next run gets there.
    """
    ansible.module("virt_network", **BASE)
    host.run("sh", "-c", "cp -a /etc/libvirt/qemu/networks /tmp/kept && mount -t tmpfs -o size=16k tmpfs /etc/libvirt/qemu/networks && "
                         "cp -a /tmp/kept/. /etc/libvirt/qemu/networks/ && { yes > /etc/libvirt/qemu/networks/full || true; }")
    try:
        before = host.run("cat", "/etc/libvirt/qemu/networks/one.xml").stdout
        index = links(host)["test-one"]["ifindex"]
        said = ansible.refused("virt_network", **BIGGER)
        assert "could not define network one" in said and "No space left on device; network one: rolling back to what was there failed too" in said
        assert host.run("cat", "/etc/libvirt/qemu/networks/one.xml").stdout == before and links(host)["test-one"]["ifindex"] == index
    finally:
        host.run("umount", "/etc/libvirt/qemu/networks")
    done, again = ansible.run(*[("virt_network", BIGGER)] * 2)
    assert (done["changed"], again["changed"]) == (True, False)
