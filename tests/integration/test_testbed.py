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
from pathlib import Path

import pytest

from testbed import bed, cgroup, claim, fabric, guest, host, topology, world
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


def test_packets_are_captured(lab, host, tmp_path):
    """On the segment, where no host can tell."""
    with fabric.capture(lab.name, "lan", "icmp", str(tmp_path)) as path:
        host.run("ping", "-c", "2", "-i", "0.2", "198.51.100.12")
    seen = bed.run("tcpdump", "-n", "-r", path).stdout
    assert len(re.findall(r"198.51.100.11 > 198.51.100.12: ICMP echo request", seen)) == 2


@pytest.mark.parametrize(("silent", "carrier"), [(True, "1"), (False, "0")])
def test_links_are_cut_and_mended(lab, host, silent, carrier):
    """Silently, which the host at the end of the cable cannot tell, or with its carrier."""
    other = lab.hosts["host2"]
    other.cut(silent=silent)
    assert not answers(host, "198.51.100.12")
    assert other.run("cat", "/sys/class/net/eth0/carrier").stdout.strip() == carrier
    other.mend()
    bed.until(lambda: answers(host, "198.51.100.12"), 10, "the link to come back")
    assert other.run("cat", "/sys/class/net/eth0/carrier").stdout.strip() == "1"


def test_cables_are_made_bad_and_good_again(lab, host):
    """Packets from a host get lost, and those towards it are slow, as far as this kernel can; what it cannot is said."""
    port = fabric.end("host2", "eth0")
    fabric.impair(lab.name, port, loss=100)
    assert not answers(host, "198.51.100.12")
    fabric.impair(lab.name, port, rate="1mbit")
    assert answers(host, "198.51.100.12") and "rate 1Mbit" in bed.run(*fabric.argv(lab.name, "tc", "qdisc", "show", "dev", port)).stdout
    fabric.impair(lab.name, port)
    assert answers(host, "198.51.100.12") and "tbf" not in bed.run(*fabric.argv(lab.name, "tc", "qdisc", "show", "dev", port)).stdout


def answers(host, address):
    """True where a ping from a host comes back."""
    return host.run("ping", "-c", "1", "-W", "1", address, check=False).returncode == 0


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


def test_hosts_are_wired_as_a_topology_says(tmp_path):
    """Several NICs and segments, jumbo frames, MAC addresses, a host without an uplink, and more than one release of Debian."""
    name = f"wired{os.getpid()}"
    trunk = {"segment": "trunk", "mtu": 9000}
    left = {"eth0": "lan", "eth1": {**trunk, "addresses": ["10.9.0.1/24"], "mac": "52:54:00:00:00:01"}}
    right = {"nics": {"eth1": {**trunk, "addresses": ["10.9.0.2/24"]}}, "suite": "trixie"}
    (tmp_path / "topology.json").write_text(json.dumps({"hosts": {"left": {"nics": left}, "right": right}}), encoding="utf-8")
    with labs.running(name, plans=topology.read(tmp_path / "topology.json")) as running:
        right = running.hosts["right"]
        assert right.run("ping", "-M", "do", "-s", "8900", "-c", "1", "-W", "5", "10.9.0.1").returncode == 0
        assert "52:54:00:00:00:01" in right.run("ip", "neighbour", "show", "dev", "eth1").stdout
        assert right.run("ip", "route", "show", "default").stdout == ""
        assert "VERSION_CODENAME=trixie" in right.run("cat", "/etc/os-release").stdout
        assert answers(running.hosts["left"], "203.0.113.1")
        assert {machine: facts["ansible_netns_target"] for machine, facts in running.inventory()["all"]["hosts"].items()} == {
            machine.name: str(machine.pid) for machine in running.hosts.values()}


def test_what_killed_runs_left_is_cleaned_and_nothing_else(lab):
    """A runner is killed while its hosts start: their processes, namespaces, groups and files go. The lab of this session stays."""
    name = f"killed{os.getpid()}"[:16]
    runner = subprocess.Popen([sys.executable, "-m", "testbed", "up", name, "--hosts", "3"], cwd=host.CHECKOUT, stderr=subprocess.DEVNULL)
    bed.until(lambda: len([group for group in cgroup.groups() if group.startswith(f"{name}.")]) > 1, 60, "the second host")
    runner.kill()
    runner.wait()
    assert name in claim.labs() and claim.abandoned(name) and not claim.abandoned(lab.name)
    left = [group for group in cgroup.groups() if group.startswith(f"{name}.")]
    done = subprocess.run([sys.executable, "-m", "testbed", "clean"], cwd=host.CHECKOUT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "") and name in done.stdout.split() and lab.name not in done.stdout.split()
    assert name not in claim.labs() and lab.name in claim.labs()
    assert [pid for group in left for pid in cgroup.members(group)] == []
    assert {world.namespace(name), fabric.namespace(name)} & set(fabric.names()) == set()
    assert not (bed.STATE / name).exists() and name not in bed.run("findmnt", "-rno", "TARGET").stdout


def test_a_killed_build_leaves_neither_processes_nor_mounts(tmp_path):
    """mmdebstrap mounts proc, sys and more in the root that it makes; the next build may remove what is left of the root."""
    command = [sys.executable, "-c", "from testbed import root; root.build('bookworm')"]
    builder = subprocess.Popen(command, cwd=host.CHECKOUT, env={**os.environ, "VIRTLAB_TESTBED_CACHE": str(tmp_path)}, stderr=subprocess.DEVNULL)
    bed.until(lambda: list(tmp_path.glob("*.building/root/var/lib/dpkg/info/libc6*")), 120, "the first packages")
    busy = [pid for pid in os.listdir("/proc") if pid.isdigit() and uses(pid, tmp_path)]
    assert busy
    builder.kill()
    builder.wait()
    bed.until(lambda: not any(uses(pid, tmp_path) for pid in busy), 20, "the end of what the build had started")
    assert str(tmp_path) not in Path("/proc/mounts").read_text(encoding="utf-8")


def uses(pid, folder):
    """Whether a process names a folder on its command line."""
    try:
        return str(folder) in Path("/proc", pid, "cmdline").read_text(encoding="utf-8")
    except OSError:
        return False


def test_a_lab_from_the_command_line_stays_until_it_is_taken_down():
    """Its runner has ended as it should. With its host dead, it is one that was left behind."""
    name = f"stays{os.getpid()}"
    try:
        typed("up", name)
        assert not claim.abandoned(name)
        assert typed("exec", name, "host1", "--", "hostname") == "host1\n"
        assert typed("exec", name, "world", "--", "ip", "-o", "address", "show", "dev", "lan").split()[3] == "198.51.100.1/24"
        labs.load(name).hosts["host1"].kill()
        assert claim.abandoned(name)
    finally:
        typed("down", name)


def typed(*words):
    """What the command line prints; it must succeed."""
    return bed.run(sys.executable, "-m", "testbed", *words, cwd=host.CHECKOUT).stdout


def test_without_root_it_says_what_to_type():
    """One sentence, with the command."""
    done = subprocess.run(["setpriv", "--reuid=nobody", "--clear-groups", "/usr/bin/python3", "-m", "testbed", "up", "x"], cwd=host.CHECKOUT,
                          env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (1, "testbed: namespaces and mounts need root; run: sudo python3 -m testbed up x")


def test_names_are_checked():
    """Before anything is made."""
    with pytest.raises(bed.BedError, match="must be 1 to 16 lower-case letters"):
        labs.up("Not a name")
