# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles from nothing: on a Debian without libvirt, which installs it from packages on its own disk."""

from __future__ import annotations

import os
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from testbed import guest
from testbed import lab as labs
from testbed.bed import need_root

HYPERVISOR = "virtlab.network.hypervisor"
NAT_NETWORK = "virtlab.network.nat_network"
SYSCTL = "/etc/sysctl.d/99-virtlab-network.conf"
SETTINGS = {"net/ipv4/ip_forward": "1", "net/ipv6/conf/eth0/accept_ra": "2"}


class Site:
    """A host, and roles that are run on it."""

    def __init__(self, ansible, host):
        self.ansible, self.host = ansible, host

    def run(self, role, check=False, **variables):
        """Run a role alone, which must succeed; (its tasks' messages, how many tasks changed something)."""
        results, recap = self.play(role, check, variables)
        assert recap["failures"] == recap["unreachable"] == 0, results[-1]
        return [str(result.get("msg")) for result in results], recap["changed"]

    def refused(self, role, **variables):
        """Run a role alone, which must fail; its message."""
        results, recap = self.play(role, False, variables)
        assert recap["failures"] == 1
        return results[-1]["msg"]

    def play(self, role, check, variables):
        """Run a role alone; (results of its tasks, counts of the recap)."""
        path = self.ansible.top / "site.yml"
        path.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "roles": [role]}]), encoding="utf-8")
        return self.ansible.playbook(str(path), check=check, **variables)

    def says(self, *argv):
        """What a command on the host prints; '' where it fails."""
        done = self.host.run(*argv, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    def settings(self):
        """The kernel's settings that are in force."""
        return {name: self.says("cat", f"/proc/sys/{name}") for name in SETTINGS}


@pytest.fixture(scope="module", params=["bookworm-bare", "trixie-bare"])
def bare(request, ansible_for):
    """A host without libvirt."""
    need_root("make test-integration")
    with labs.running(f"roles{os.getpid()}", suite=request.param) as lab:
        yield Site(ansible_for(lab, lab.hosts["host1"]), lab.hosts["host1"])


@pytest.fixture(scope="module")
def site(bare):
    """The same host once the role hypervisor has been checked and then run on it; ``story`` is what was seen meanwhile."""
    checked = bare.run(HYPERVISOR, check=True)
    after_check = [bare.says("which", "virsh"), bare.says("cat", SYSCTL), bare.settings()["net/ipv4/ip_forward"]]
    bare.story = SimpleNamespace(checked=checked, after_check=after_check, first=bare.run(HYPERVISOR))
    return bare


def test_without_libvirt_the_role_says_so(bare):
    """Where it may not install anything, in check mode and without."""
    assert bare.says("which", "virsh") == ""
    message = bare.refused(HYPERVISOR, hypervisor_install=False)
    assert "libvirtd.service is missing" in message and "hypervisor_install is False" in message


def test_check_mode_on_a_fresh_host(site):
    """It names the packages, foretells as many changes as there then are, and changes nothing."""
    messages, changed = site.story.checked
    assert changed == site.story.first[1] == 3
    assert any(re.match("These packages are missing: .*libvirt-daemon-system.*python3-libvirt", text) for text in messages)
    assert site.story.after_check == ["", "", "0"]


def test_libvirt_answers_and_packets_are_forwarded(site):
    """Now and after a reboot."""
    assert "Running hypervisor: QEMU" in site.says("virsh", "-c", "qemu:///system", "version")
    assert site.says("systemctl", "is-enabled", "libvirtd.service") == "enabled"
    assert site.settings() == SETTINGS
    assert [f"{name} = {value}" in site.says("cat", SYSCTL) for name, value in SETTINGS.items()] == [True, True]
    site.host.run("sysctl", "-q", "net.ipv4.ip_forward=0")
    site.host.run("systemctl", "restart", "systemd-sysctl.service")
    assert site.settings() == SETTINGS


def test_a_second_run_changes_nothing(site):
    """Also once libvirtd has ended for want of work, as it does after two minutes: its socket waits."""
    site.host.run("systemctl", "stop", "libvirtd.service")
    assert site.run(HYPERVISOR)[1] == 0
    assert site.says("systemctl", "is-active", "libvirtd.service") == ""
    assert "Running hypervisor: QEMU" in site.says("virsh", "-c", "qemu:///system", "version")


def test_drift_is_repaired(site):
    """A package that is gone, a daemon that does not start, one that does not wait, a setting that is not in force."""
    site.host.run("dpkg", "--remove", "python3-lxml")
    site.host.run("systemctl", "disable", "libvirtd.service")
    site.host.run("systemctl", "stop", "libvirtd.service", "libvirtd.socket", "libvirtd-ro.socket", "libvirtd-admin.socket")
    site.host.run("sysctl", "-q", "net.ipv4.ip_forward=0")
    assert site.run(HYPERVISOR)[1] == 4
    assert site.says("systemctl", "is-enabled", "libvirtd.service") == "enabled"
    assert site.settings() == SETTINGS
    assert site.says("python3", "-c", "import lxml, libvirt; print(libvirt.open('qemu:///system').getType())") == "QEMU"


def test_what_the_host_lacks_is_said_plainly(site):
    """All of it at once. A kernel without bridges is played by the command that would make one."""
    site.host.run("umount", "/dev/net/tun")
    site.host.run("rm", "/dev/net/tun")
    site.host.run("install", "-m", "755", "/dev/stdin", "/usr/local/sbin/unshare", input="#!/bin/sh\necho Unknown device type >&2; exit 2\n")
    message = site.refused(HYPERVISOR)
    site.host.run("rm", "/usr/local/sbin/unshare")
    assert "/dev/net/tun is missing" in message and "load the module tun" in message
    assert "makes no bridge (Unknown device type)" in message and "load the module bridge" in message
    site.host.run("mknod", "/dev/net/tun", "c", "10", "200")
    messages, unused = site.run(HYPERVISOR)
    assert any("/dev/kvm is missing" in text for text in messages) is not site.host.path("/dev/kvm").exists()


def dumped(site, name):
    """A stored network as virsh prints it, without what is generated or ours, and with its netmask as a prefix."""
    text = site.says("virsh", "net-dumpxml", "--inactive", name).replace("netmask='255.255.255.0'", "prefix='24'")
    return re.sub(r"\s*(<uuid>[^<]*</uuid>|<mac [^>]*/>|<metadata>.*?</metadata>)", "", text, flags=re.DOTALL)


def test_the_default_network_comes_back_as_the_distribution_has_it(site):
    """Apart from its UUID, MAC address and mark, libvirt prints it as it printed the package's own; it serves a machine."""
    original = dumped(site, "default")
    assert [text for text in ("'virbr0'", "'192.168.122.1'", "'192.168.122.2'", "'192.168.122.254'") if text not in original] == []
    site.host.run("virsh", "net-undefine", "default")
    assert site.run(NAT_NETWORK)[1] == 1
    assert dumped(site, "default") == original
    assert site.run(NAT_NETWORK)[1] == 0
    assert "192.168.122.1/24" in site.says("ip", "-4", "address", "show", "virbr0")
    machine = guest.start(site.host, "vm1", {"network": "default"})
    assert machine.address() in [f"192.168.122.{number}" for number in range(2, 255)]
    assert machine.run("wget", "-qO-", "http://203.0.113.1/").text.strip() == "198.51.100.11"
    machine.stop()


def test_the_example_of_the_readme(site, checkout):
    """The NAT network with everything, as the documentation has it."""
    blocks = re.findall("```yaml\n(.*?)```", Path(checkout, "roles/nat_network/README.md").read_text(encoding="utf-8"), re.DOTALL)
    variables = yaml.safe_load(blocks[1])[0]["roles"][0]["vars"]
    assert [site.run(NAT_NETWORK, **variables)[1] for unused in range(2)] == [1, 0]
    stored, live = dumped(site, "office"), site.says("virsh", "net-dumpxml", "office")
    wanted = (
        "dev='enp0s25' mode='nat'", "<mtu size='1450'/>", "<domain name='office.test' localOnly='yes'/>", "<hostname>gateway.office.test</hostname>",
        "<range start='192.168.150.100' end='192.168.150.199'/>", "<host mac='52:54:00:6d:33:55' name='printer' ip='192.168.150.10'/>",
    )
    assert [text for text in wanted if text not in stored or text not in live] == []
