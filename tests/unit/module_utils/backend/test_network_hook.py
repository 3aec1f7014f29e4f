# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""libvirt's hook, with an ip(8) that writes down what it is told."""

from __future__ import annotations

import io
import json
import sys
import syslog
from types import SimpleNamespace

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.backend import network_hook
from ansible_collections.virtlab.network.plugins.module_utils.codec import network_xml
from ansible_collections.virtlab.network.plugins.module_utils.model import link, network, proxied
from ansible_collections.virtlab.network.plugins.module_utils.model.option import read

OPTIONS = {"name": "one", "forward": {"mode": "open"}, "bridge": {"name": "virbr1"}, "mtu": 1400, "bridge_ports": ["eth1"],
           "proxied": {"dev": "eth0", "addresses": ["203.0.113.20", "2001:db8::20"]}}


@pytest.fixture
def run(monkeypatch, tmp_path):
    """A function that runs the hook: (what ip(8) was told, {setting: value}, lines in the log). ``said`` is what ip(8) prints, by words."""
    for name in ("ipv4/conf/virbr1/proxy_arp", "ipv6/conf/all/proxy_ndp", "ipv4/conf/eth0/arp_evict_nocarrier"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("7\n", encoding="ascii")

    def hook(event, options=None, said=None, fails=()):
        told, logged = [], []

        def ip(command, **unused):
            words = " ".join(command[1:])
            told.append(words)
            return SimpleNamespace(returncode=int(words in fails), stdout=json.dumps((said or {}).get(words, [])), stderr="no\n")

        document = f"<hookData>{network_xml.build(read(network.Network, {**OPTIONS, **(options or {})}))}</hookData>"
        monkeypatch.setattr(network_hook.subprocess, "run", ip)
        monkeypatch.setattr(network_hook, "PROC", tmp_path)
        monkeypatch.setattr(syslog, "syslog", lambda unused, text: logged.append(text))
        monkeypatch.setattr(sys, "argv", ["hook", "one", event, "begin", "-"])
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(document.encode())))
        network_hook.main()
        settings = {path.relative_to(tmp_path).as_posix(): path.read_text(encoding="ascii").strip() for path in tmp_path.rglob("*") if path.is_file()}
        return told, settings, logged

    return hook


def free(device, **more):
    """What ip(8) says of a device."""
    return {f"-j address show dev {device}": [{"ifname": device, "addr_info": [], **more}]}


def test_ports_are_put_and_addresses_proxied(run):
    """When a network has started: the way first, and who answers last; a setting that this kernel does not have is passed over."""
    told, settings, logged = run("started", said=free("eth1"))
    assert told == [
        "-j address show dev eth1", "link set dev eth1 master virbr1 mtu 1400 up",
        "-4 route add 203.0.113.20 dev virbr1 proto 118", "-6 route add 2001:db8::20 dev virbr1 proto 118",
        "-4 neigh add proxy 203.0.113.20 dev eth0 protocol 118", "-6 neigh add proxy 2001:db8::20 dev eth0 protocol 118",
    ]
    assert settings == {"ipv4/conf/virbr1/proxy_arp": "1", "ipv6/conf/all/proxy_ndp": "1", "ipv4/conf/eth0/arp_evict_nocarrier": "0"} and logged == []


def test_what_goes_wrong_is_left_to_the_log(run):
    """A device that is in use, and an ip(8) that fails: the network starts all the same."""
    told, unused, logged = run("started", said=free("eth1", master="br0"), fails=["-4 route add 203.0.113.20 dev virbr1 proto 118"])
    assert not any(words.startswith("link set") for words in told) and told[-1].startswith("-6 neigh add")
    assert logged == ["virtlab-network: eth1 is in use (br0) and not put on virbr1",
                      "virtlab-network: ip -4 route add 203.0.113.20 dev virbr1 proto 118 failed: no"]


def test_a_host_without_ip_is_no_obstacle(monkeypatch):
    """What is not there is told as what fails."""

    def missing(command, **unused):
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(syslog, "syslog", lambda unused, text: None)
    monkeypatch.setattr(network_hook.subprocess, "run", missing)
    assert network_hook.ip("link") is None


@pytest.mark.parametrize(("event", "options"), [
    ("started", {"forward": {"mode": "bridge"}}), ("started", {"bridge_ports": [], "proxied": None}), ("start", {}), ("port-created", {}), ("updated", {}),
])
def test_what_is_nothing_to_do(run, event, options):
    """Bridges that are not libvirt's, networks that name nothing, and other events."""
    assert run(event, options)[0] == []


def test_what_leads_nowhere_is_taken_away(run):
    """When a network has stopped: proxies that are ours and whose route went with the bridge, whatever libvirt's definition says. Others' stay, and those
    of other networks.
    """
    mine = [{"dst": dst, "dev": "eth0", "proxy": None, "protocol": "118"} for dst in ("203.0.113.20", "203.0.113.21", "2001:db8::20")]
    said = {"-j -N neigh show proxy": [*mine, {"dst": "203.0.113.30", "dev": "eth0", "proxy": None}],
            "-j -N -4 route show proto 118": [{"dst": "203.0.113.21", "dev": "virbr2"}]}
    assert run("stopped", said=said)[0][3:] == ["-4 neigh delete proxy 203.0.113.20 dev eth0", "-6 neigh delete proxy 2001:db8::20 dev eth0"]
    assert len(run("stopped", said=said, fails=["-j -N -6 route show proto 118"])[0]) == 3


def test_it_says_what_the_model_says():
    """It stands alone on the host, so it has numbers and names of its own."""
    definition = read(network.Network, OPTIONS)
    asked = {(entry.path("virbr1"), entry.value) for entry in proxied.entries(definition.proxied) if entry.value is not None}
    own = {(f"net/{name.format(bridge='virbr1', dev='eth0')}", value) for pairs in network_hook.SETTINGS.values() for name, value in pairs}
    assert (own, network_hook.PROTOCOL) == (asked, str(link.PROTOCOL))
