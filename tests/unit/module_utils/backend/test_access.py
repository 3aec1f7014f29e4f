# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection that a process came by, of what /proc and ip(8) tell."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.backend import access

CLIENT, SERVER = "198.51.100.1", "198.51.100.11"
SIX = "2001:db8::11"
WRAPPER = b"/usr/bin/python3\0/root/.ansible/tmp/ansible-tmp-1/AnsiballZ_async_wrapper.py\0j1\x0060\0AnsiballZ_virt_link.py\0_"
#: what ss(8) prints
SESSIONS = """\
0 0 [::ffff:198.51.100.11]:22  [::ffff:198.51.100.1]:5555 users:(("sshd-session",pid=7,fd=4),("sshd-session",pid=5,fd=4))
0 0 198.51.100.11:22 198.51.100.1:5556 users:(("sshd",pid=8,fd=4))
0 0 [2001:db8::11]:22 [2001:db8::1]:5557 users:(("sshd",pid=9,fd=4))
0 0 127.0.0.1:40000 127.0.0.1:80 users:(("sshd",pid=9,fd=9))
0 0 198.51.100.11:80 198.51.100.9:5558 users:(("nginx",pid=6,fd=4))
"""
ROUTE = {"dst": "198.51.100.0/24", "dev": "top", "metric": 101}


def entry(name, kind="nic", addresses=(), **more):
    """What ip(8) says of a device."""
    return {"ifname": name, "linkinfo": {"info_kind": kind}, "flags": ["UP", "LOWER_UP"], "addr_info": [{"local": each} for each in addresses], **more}


@pytest.fixture
def find(monkeypatch, tmp_path):
    """A function that gives the Accesses of a process ``chain``, the environments of it and those above it, and of a host with some devices."""
    monkeypatch.setattr(access, "PROC", tmp_path)
    monkeypatch.setattr(access.os, "getpid", lambda: 100)
    monkeypatch.setattr(access.iproute, "read", lambda *words: [ROUTE] if words[1] == "route" else [])

    def given(chain, *entries, words=b"python3\0AnsiballZ_virt_link.py"):
        for number, environment in enumerate(chain):
            folder = tmp_path / str(100 + number)
            folder.mkdir()
            (folder / "environ").write_bytes(b"\0".join(environment))
            (folder / "cmdline").write_bytes(words)
            parent = 101 + number if number + 1 < len(chain) else 1
            (folder / "stat").write_text(f"{100 + number} (a b) S {parent} 0", encoding="utf-8")
        return access.find(SimpleNamespace(entries={each["ifname"]: each for each in entries}, macs=lambda bridge: {}))

    return given


def ssh(client=CLIENT, server=SERVER):
    """The environment that sshd gives."""
    return [b"HOME=/", f"SSH_CONNECTION={client} 5555 {server} 22".encode()]


def test_the_nearest_that_knows_tells(find):
    """Here who has called sudo(8)."""
    found, = find([[b"HOME=/"], [], ssh()], entry("top", addresses=[SERVER]), words=WRAPPER)
    assert (found.client, found.server, found.devices, found.dst, found.metric, found.groups) == (CLIENT, SERVER, ("top",), ROUTE["dst"], 101, ())


@pytest.mark.parametrize("chain", [[[]], [ssh("UNKNOWN", "UNKNOWN")], [ssh(server="203.0.113.7")], [ssh(client=SERVER)]])
def test_what_does_not_come_over_a_network_of_this_host(find, chain):
    """None at all; one of sshd's without an address, as over vsock; one of another namespace's; the host's own."""
    assert find(chain, entry("top", addresses=[SERVER])) == ()


def test_an_asynchronous_task_that_cannot_tell_may_have_come_by_any_session(monkeypatch, find):
    """Its wrapper leaves those above, and sudo(8) takes the variable: that is not to have come by none. Forwarded ports of the host's own are no way in."""
    monkeypatch.setattr(access.iproute, "path", str)
    monkeypatch.setattr(access.subprocess, "run", lambda command, **unused: SimpleNamespace(stdout=SESSIONS, returncode=0))
    found = find([[], []], entry("top", addresses=[SERVER, SIX]), words=WRAPPER)
    assert [(each.client, each.server) for each in found] == [(CLIENT, SERVER), ("2001:db8::1", SIX)]


def test_somebody_elses_session_is_not_that_of_a_task_of_the_host_itself(monkeypatch, find):
    """It comes from a terminal, or Ansible's local connection."""
    monkeypatch.setattr(access.iproute, "path", str)
    monkeypatch.setattr(access.subprocess, "run", lambda command, **unused: SimpleNamespace(stdout=SESSIONS, returncode=0))
    assert find([[], []], entry("top", addresses=[SERVER, SIX])) == ()


PORTS = [entry("bond0", "bond", master="top"), entry("vlan1", "vlan", master="bond0", link="eth1"), entry("eth0", master="bond0"), entry("eth1")]


@pytest.mark.parametrize(("entries", "devices", "groups"), [
    ([entry("top", "bridge", [SERVER]), *PORTS], ("top", "bond0"), ((("vlan1", "eth1"), ("eth0",)),)),
    ([entry("top", "bond", [SERVER]), entry("eth0", master="top"), entry("eth1", master="top", flags=["UP"])], ("top", "eth0"), ()),
    ([entry("top", "bridge", [SERVER]), entry("eth0", master="top"), entry("eth1", master="top")], ("top", "eth0", "eth1"), ()),
])
def test_ports_each_of_which_would_do_are_a_group(find, entries, devices, groups):
    """Those of a bond that have a carrier. Nobody knows which of a bridge's it is, before the next hop is learned."""
    found, = find([ssh()], *entries)
    assert (found.devices, found.groups) == (devices, groups)


@pytest.mark.parametrize(("server", "there"), [("127.0.0.1", True), ("::1", True), ("203.0.113.77", False), ("2001:db8:ffff::1", False), ("UNKNOWN", False)])
def test_what_tells_one_connection_from_another(find, server, there):
    """Its ports, where it ends on this host: a variable may come along from the host of who runs Ansible."""
    find([[], ssh(server=server)], entry("top"))
    assert access.connection() == ([CLIENT, "5555", server, "22"] if there else None)


def test_of_several_next_hops_the_one_that_is_taken_counts(monkeypatch, find):
    """ip(8) tells of all of them, without a device, or of the one."""
    several = {"dst": "default", "metric": 5, "nexthops": [{"gateway": "10.0.0.1", "dev": "top"}, {"gateway": "10.0.1.1", "dev": "other"}]}
    one = {"dst": CLIENT, "gateway": "10.0.1.1", "dev": "other"}
    monkeypatch.setattr(access.iproute, "read", lambda *words: {"fibmatch": [several], CLIENT: [one]}.get(words[3], []))
    found, = find([ssh()], entry("top", addresses=[SERVER]), entry("other"))
    assert (found.devices, found.dst, found.gateway, found.metric) == (("other", "top"), "default", "10.0.1.1", 5)
