# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook topology on two hosts with guests, and one that is gone: what it draws, when it changes, and what virt_nat_info tells it."""

from __future__ import annotations

import json
import subprocess

import pytest

from testbed import guest
from testbed.play import RECAP, collections, environment

URIS = ["qemu:///system", "lxc:///system"]
FRONT = {"name": "front", "forward": {"mode": "open"}, "bridge": {"name": "test-front"}, "state": "active",
         "ips": [{"address": "192.168.140.1/24", "dhcp": {"ranges": [{"start": "192.168.140.10", "end": "192.168.140.99"}]}}]}
FORWARD = {"to": "192.168.140.10", "port": "8080", "to_port": "80"}


@pytest.fixture
def draw(lab, tmp_path):
    """A function that runs the playbook, with a host that is not there; (tasks that changed, counts of unreachable hosts, {format: text})."""
    inventory = lab.inventory()
    inventory["all"]["hosts"]["gone"] = {"ansible_connection": "virtlab.network.netns", "ansible_netns_target": "999999999"}
    (tmp_path / "hosts.json").write_text(json.dumps(inventory), encoding="utf-8")
    with collections() as top:

        def run(*words, **variables):
            extra = {"topology_uris": URIS, "topology_title": "Networks of a test", **variables}
            done = subprocess.run(["ansible-playbook", "-i", "hosts.json", "virtlab.network.topology", "--extra-vars", json.dumps(extra), *words], cwd=tmp_path,
                                  env={**environment(top), "PWD": str(tmp_path)}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
            counts = {host: (int(changed), int(failed)) for host, unused, changed, unused_too, failed in RECAP.findall(done.stdout)}
            assert len(counts) == 3, done.stdout + done.stderr
            assert all(failed == 0 for unused, failed in counts.values()), done.stdout + done.stderr
            found = {path.suffix: path.read_text(encoding="utf-8") for path in tmp_path.glob("topology.*")}
            return sum(changed for changed, unused in counts.values()), found

        yield run


def test_the_picture_of_two_hosts(lab, host, ansible, draw):
    """Guests, addresses, networks, forwards, uplinks of both, and that the third was not reached; again nothing changes, until something does."""
    other = lab.hosts["host2"]
    ansible.module("virt_network", **FRONT)
    ansible.module("virt_nat", name="front", network="front", forwards=[FORWARD])
    other.run("virsh", "net-start", "default")
    guests = [guest.start(host, "shop", {"network": "front"}, kind="lxc"), guest.start(other, "db", {"network": "default"}, kind="lxc")]
    try:
        addresses = [each.address() for each in guests]
        assert draw("--check") == (1, {})
        changed, found = draw()
        assert changed == 1 and sorted(found) == [".dot", ".html", ".mmd"]
        for text in found.values():
            assert [each for each in ("shop", "db", "NAT front", "1 forward", "eth0", "198.51.100.1", *addresses) if each not in text] == []
        page = found[".html"]
        assert "<title>Networks of a test</title>" in page and "no process 999999999 is running" in page and "any address:8080/tcp to 192.168.140.10:80" in page
        done = subprocess.run(["dot", "-Tsvg"], input=found[".dot"], capture_output=True, text=True, check=False)
        assert done.returncode == 0 and done.stderr == "", done.stderr
        assert draw() == (0, found)
        guests[1].stop()
        changed, later = draw(topology_formats=["html"])
        assert changed == 1 and "guest db on host2" not in later[".html"] and later[".dot"] == found[".dot"]
    finally:
        for each in guests:
            each.host.run("virsh", "-c", each.uri, "destroy", each.name, check=False)
        ansible.module("virt_nat", name="front", state="absent")
        other.run("virsh", "net-destroy", "default")


def test_translations_are_told(host, ansible):
    """virt_nat_info has the options of virt_nat, and what became of the table; nothing where there is nothing."""
    ansible.module("virt_network", **FRONT)
    asked = {"name": "front", "network": "front", "forwards": [FORWARD], "lab": "shop"}
    assert ansible.module("virt_nat_info")["nats"] == []
    ansible.module("virt_nat", **asked)
    try:
        told = ansible.module("virt_nat_info", check=True)
        assert told["changed"] is False and len(told["nats"]) == 1
        nat = told["nats"][0]
        assert {name: nat[name] for name in asked} == asked and nat["kernel"] == "as asked" and nat["rules"][0].startswith("table inet")
        host.run("nft", "delete", "table", "inet", "virtlab_nat_front")
        assert ansible.module("virt_nat_info", name="front")["nats"][0]["kernel"] != "as asked"
        assert ansible.module("virt_nat_info", name="other")["nats"] == []
    finally:
        ansible.module("virt_nat", name="front", state="absent")
