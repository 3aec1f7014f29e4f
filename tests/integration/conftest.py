# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host of the test bed, and Ansible's own commands to act on it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from testbed import claim, guest, topology
from testbed import lab as labs
from testbed.bed import need_root
from testbed.play import collections, environment

#: virtual machines whose kernels have every kind of device: two releases, with networkd
HOSTS = {"old": {"nics": {"eth0": "lan", "eth1": "other"}}, "new": {"suite": "trixie"}}


class Ansible:
    """Runs modules and playbooks of this checkout on one host, as a person does."""

    def __init__(self, lab, host, top, address=None, way="far"):
        self.host, self.top = host, Path(top)
        plugins = Path(__file__).with_name("callback_plugins")
        self.environment = {**environment(top), "ANSIBLE_CALLBACK_PLUGINS": str(plugins), "ANSIBLE_STDOUT_CALLBACK": "results"}
        inventory = lab.inventory()
        if address:  # from the lab's world, as any user of a machine comes
            inventory["all"]["hosts"][host.name] = host.variables(address, way)
        (self.top / "inventory.json").write_text(json.dumps(inventory), encoding="utf-8")

    def play(self, *tasks):
        """Write a play of tasks, each a pair of a module's name and its arguments; its path."""
        listed = [{f"virtlab.network.{name}" if "." not in name else name: arguments, "ignore_errors": True} for name, arguments in tasks]
        path = self.top / "play.json"
        path.write_text(json.dumps([{"hosts": self.host.name, "gather_facts": False, "tasks": listed}]), encoding="utf-8")
        return str(path)

    def run(self, *tasks, check=False):
        """Run tasks in one play; their results in order, failures among them."""
        results, unused = self.playbook(self.play(*tasks), check=check)
        assert len(results) == len(tasks)
        return results

    def module(self, name, /, check=False, **arguments):
        """Run one module; its result, which must be a success."""
        result = self.run((name, arguments), check=check)[0]
        assert not result.get("failed"), result
        return result

    def refused(self, name, /, check=False, **arguments):
        """Run one module, which must fail; its message."""
        result = self.run((name, arguments), check=check)[0]
        assert result.get("failed"), result
        return result["msg"]

    def command(self, name, check=False, **variables):
        """The words that run a playbook by path or name on the host."""
        return ["ansible-playbook", "-i", str(self.top / "inventory.json"), "--limit", self.host.name, "--diff", *(["--check"] if check else []),
                "--extra-vars", json.dumps(variables), name]

    def playbook(self, name, check=False, **variables):
        """Run a playbook by path or name on the host; (results of its tasks in order, counts of the recap)."""
        done = subprocess.run(self.command(name, check, **variables), env=self.environment, capture_output=True, text=True, check=False)
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        assert lines and "stats" in lines[-1], done.stdout + done.stderr
        return [line["result"] for line in lines[:-1]], lines[-1]["stats"][self.host.name]


def pytest_addoption(parser):
    """``--suite`` chooses the release of Debian, and with it that of libvirt."""
    parser.addoption("--suite", default="bookworm")


@pytest.fixture(scope="session")
def suite(pytestconfig):
    """The release of Debian that hosts have."""
    return pytestconfig.getoption("suite")


@pytest.fixture(scope="session")
def lab(suite):
    """A lab with two hosts, for the whole session."""
    need_root("make test-integration")
    name = f"it{os.getpid()}"
    try:
        yield labs.up(name, count=2, suite=suite)
    finally:
        claim.down(name)


@pytest.fixture(scope="session")
def host(lab):
    """The host that most tests use."""
    return lab.hosts["host1"]


@pytest.fixture(scope="session")
def ansible(lab, host):
    """Ansible for that host."""
    with collections() as top:
        yield Ansible(lab, host, top)


@pytest.fixture(scope="session")
def inside(checkout):
    """A function that runs a script of inside/ on a host, where it finds the collection; a CompletedProcess."""
    ready = set()

    def run(host, script, *arguments, **more):
        if host not in ready:
            host.put(checkout / "plugins", "/opt/virtlab/ansible_collections/virtlab/network")
            host.put(Path(__file__).with_name("inside"), "/opt/virtlab")
            ready.add(host)
        return host.run("/usr/bin/python3", f"/opt/virtlab/inside/{script}.py", "/opt/virtlab", *arguments, **more)

    return run


@pytest.fixture
def ansible_for():
    """A function that gives Ansible for a host of a lab."""
    with collections() as top:
        yield lambda lab, host, address=None, way="far": Ansible(lab, host, top, address, way)


@pytest.fixture(scope="module")
def machines():
    """Virtual machines."""
    name = f"ln{os.getpid()}"
    try:
        yield labs.up(name, plans=topology.of({"kind": "vm", "hosts": HOSTS}))
    finally:
        claim.down(name)


@pytest.fixture
def machine_of():
    """A function that gives a lab of a topology, which goes with the test."""
    name = f"lo{os.getpid()}"
    try:
        yield lambda document: labs.up(name, plans=topology.of(document))
    finally:
        claim.down(name)


@pytest.fixture
def machine(machines):
    """The one with the newer kernel."""
    return machines.hosts["new"]


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
    """Take away the networks that a test made, and the devices named test*."""
    yield
    if "host" not in request.fixturenames:
        return
    host = request.getfixturevalue("host")
    for name in host.run("virsh", "net-list", "--name").stdout.split():
        host.run("virsh", "net-destroy", name)
    for name in host.run("virsh", "net-list", "--all", "--name").stdout.split():
        if name != "default":
            host.run("virsh", "net-undefine", name)
    for link in json.loads(host.run("ip", "-j", "link").stdout):
        if link["ifname"].startswith("test"):
            host.run("ip", "link", "delete", link["ifname"], check=False)  # the other end of a cable goes with the first
