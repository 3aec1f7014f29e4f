# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host of the test bed, for all tests of a session, and what they leave on it."""

from __future__ import annotations

import json
import os

import pytest

from testbed import guest
from testbed import lab as labs
from testbed.bed import need_root


@pytest.fixture(scope="session")
def lab(suite):
    """A lab with two hosts, for the whole session."""
    need_root("make test-integration")
    with labs.running(f"it{os.getpid()}", count=2, suite=suite) as up:
        yield up


@pytest.fixture(scope="session")
def host(lab):
    """The host that most tests use."""
    return lab.hosts["host1"]


@pytest.fixture(scope="session")
def ansible(lab, host, ansible_for):
    """Ansible for that host."""
    return ansible_for(lab, host)


@pytest.fixture
def guest_on(ansible, host):
    """A function that makes a network of some options and starts a guest on it, and returns the guest once it has a lease."""
    started = []

    def start(options, name="here"):
        ansible.module("virt_network", **options)
        started.append(guest.start(host, name, {"network": options["name"]}, kind="lxc"))
        started[-1].address()
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def snapshot(host):
    """A function that returns everything of the host that networks are made of, to be compared."""

    def take():
        names = host.run("virsh", "net-list", "--all", "--name").stdout.split()
        return {
            "list": host.run("virsh", "net-list", "--all").stdout,
            "stored": {name: host.run("virsh", "net-dumpxml", "--inactive", name).stdout for name in names},
            "live": {name: host.run("virsh", "net-dumpxml", name).stdout for name in names},
            "devices": sorted(
                (link["ifname"], link["ifindex"], sorted(address["local"] for address in link["addr_info"] if address["scope"] == "global"))
                for link in json.loads(host.run("ip", "-j", "address").stdout)
            ),
            "dnsmasq": host.run("pgrep", "dnsmasq", check=False).stdout,
        }

    return take


@pytest.fixture(autouse=True)
def clean(request):
    """Take away the networks that a test made, the hook that some of them come with, and the devices named test*."""
    yield
    if "host" not in request.fixturenames:
        return
    host = request.getfixturevalue("host")
    for name in host.run("virsh", "net-list", "--name").stdout.split():
        host.run("virsh", "net-destroy", name)
    for name in host.run("virsh", "net-list", "--all", "--name").stdout.split():
        if name != "default":
            host.run("virsh", "net-undefine", name)
    host.run("rm", "-f", "/etc/libvirt/hooks/network.d/virtlab-network")
    for link in json.loads(host.run("ip", "-j", "link").stdout):
        if link["ifname"].startswith("test"):
            host.run("ip", "link", "delete", link["ifname"], check=False)  # the other end of a cable goes with the first
