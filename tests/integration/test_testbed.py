# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test bed itself: what a host is, how hosts are wired, and that nothing of a lab outlives it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from testbed import bed, cgroup, fabric, guest, host, world
from testbed import lab as labs


def test_a_host_is_a_debian_of_its_own(lab, host):
    """systemd as its first process, nothing failed, libvirtd of its own, /usr/bin/python3 with the distribution's libraries."""
    assert host.run("systemctl", "is-system-running").stdout.strip() == "running"
    assert "libvirt" in host.run("virsh", "version").stdout
    assert host.run("/usr/bin/python3", "-c", "import libvirt, lxml, pyroute2; print(libvirt.getVersion())").stdout.strip() == "9000000"
    identities = {each.run("cat", "/etc/machine-id").stdout for each in lab.hosts.values()}
    assert len(identities) == len(lab.hosts)


def test_hosts_and_the_world_reach_each_other(lab, host):
    """Over the LAN in both families, by name, and out to what plays the internet."""
    for address in ("198.51.100.12", "2001:db8:100::12", "203.0.113.1", "2001:db8:203::1", "internet.test"):
        assert host.run("ping", "-c", "1", "-W", "5", address, check=False).returncode == 0, address
    assert lab.world("ping", "-c", "1", "-W", "5", "198.51.100.11").returncode == 0
    assert host.run("busybox", "wget", "-qO-", "http://203.0.113.1/").stdout == "198.51.100.11\n"


def test_packets_are_captured_and_links_cut(lab, host, tmp_path):
    """On the segment, where no host can tell."""
    with fabric.capture(lab.name, "lan", "icmp", str(tmp_path)) as path:
        host.run("ping", "-c", "2", "-i", "0.2", "198.51.100.12")
    seen = bed.run("tcpdump", "-n", "-r", path).stdout
    assert len(re.findall(r"198.51.100.11 > 198.51.100.12: ICMP echo request", seen)) == 2
    ends = json.loads(bed.run("ip", "-j", "-n", fabric.namespace(lab.name), "link").stdout)
    end = next(link["ifname"] for link in ends if link.get("link_netnsid") is not None and host_of(lab, link["ifname"]) == "host2")
    fabric.cut(lab.name, end)
    assert host.run("ping", "-c", "1", "-W", "1", "198.51.100.12", check=False).returncode != 0
    fabric.cut(lab.name, end, up=True)
    bed.until(lambda: host.run("ping", "-c", "1", "-W", "1", "198.51.100.12", check=False).returncode == 0, 10, "the link to come back")


def host_of(lab, end):
    """Name of the host at the other end of a cable."""
    numbers = {each.run("cat", "/sys/class/net/eth0/iflink").stdout.strip(): each.name for each in lab.hosts.values()}
    links = json.loads(bed.run("ip", "-j", "-n", fabric.namespace(lab.name), "link", "show", "dev", end).stdout)
    return numbers.get(str(links[0]["ifindex"]))


@pytest.mark.parametrize("kind", ["vm", "lxc"])
def test_guests_answer_commands(host, kind):
    """Exit code and output, also of what fails; several NICs, each with its MAC address."""
    host.run("ip", "link", "add", "testbr1", "type", "bridge")
    macs = ["52:54:00:00:01:01", "52:54:00:00:01:02"]
    one = guest.start(host, "answers", *({"bridge": "testbr1", "mac": mac} for mac in macs), kind=kind)
    try:
        assert one.run("echo", "it's $HOME").text == "it's $HOME\n"
        assert one.run("sh", "-c", "echo bad >&2; exit 7") == guest.Answer(7, "bad\n")
        assert one.run("hostname").text == "answers\n"
        assert re.findall(r"52:54:00:00:01:\d\d", one.run("ip", "-o", "link").text) == macs
    finally:
        one.stop()


def test_a_killed_run_leaves_nothing_that_cleaning_does_not_find():
    """The runner is killed while its second host starts; ``down`` ends the processes, namespaces and groups that it left."""
    name = f"killed{os.getpid()}"[:16]
    runner = subprocess.Popen([sys.executable, "-m", "testbed", "up", name, "--hosts", "3"], cwd=host.CHECKOUT, stderr=subprocess.DEVNULL)
    bed.until(lambda: len([group for group in cgroup.groups() if group.startswith(f"{name}.")]) > 1, 60, "the second host")
    runner.kill()
    runner.wait()
    assert name in labs.labs()
    left = [group for group in cgroup.groups() if group.startswith(f"{name}.")]
    labs.down(name)
    assert name not in labs.labs()
    assert [pid for group in left for pid in cgroup.members(group)] == []
    assert {world.namespace(name), fabric.namespace(name)} & set(fabric.names()) == set()
    assert not (bed.STATE / name).exists() and name not in bed.run("findmnt", "-rno", "TARGET").stdout


def test_without_root_it_says_what_to_type():
    """One sentence, with the command."""
    done = subprocess.run(["setpriv", "--reuid=nobody", "--clear-groups", "/usr/bin/python3", "-m", "testbed", "up", "x"], cwd=host.CHECKOUT,
                          env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (1, "testbed: namespaces and mounts need root; run: sudo python3 -m testbed up x")


def test_names_are_checked():
    """Before anything is made."""
    with pytest.raises(bed.BedError, match="must be 1 to 16 lower-case letters"):
        labs.up("Not a name")
