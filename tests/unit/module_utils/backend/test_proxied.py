# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel is found to have of proxied addresses, and what ip(8) is told of them."""

from __future__ import annotations

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.backend import iproute, proxied, sysctl
from ansible_collections.virtlab.network.plugins.module_utils.errors import BackendError
from ansible_collections.virtlab.network.plugins.module_utils.model.network import Network
from ansible_collections.virtlab.network.plugins.module_utils.model.option import read
from ansible_collections.virtlab.network.plugins.module_utils.model.proxied import Entry, entries

SAID = {
    "-4": [{"dst": "203.0.113.20", "dev": "virbr1"}, {"dst": "203.0.113.64/26", "dev": "virbr1"}, {"dst": "default", "dev": "eth0"}],
    "-6": [{"dst": "2001:db8::20", "dev": "virbr2"}],
    "neigh": [{"dst": "203.0.113.20", "dev": "eth0", "proxy": None, "protocol": "118"}, {"dst": "203.0.113.30", "dev": "eth0", "proxy": None}],
}


def network(*addresses, dev="eth0"):
    """A network that has addresses proxied."""
    return read(Network, {"name": "a", "bridge": {"name": "virbr1"}, "proxied": {"dev": dev, "addresses": list(addresses)} if addresses else None})


@pytest.fixture
def kernel(monkeypatch):
    """A function that sets what sysctl(8) and ip(8) find, and a list of what they are told."""
    told, settings = [], {}
    monkeypatch.setattr(iproute, "read_all", lambda *commands: [SAID[words[2] if words[2] in SAID else words[3]] for words in commands])
    monkeypatch.setattr(iproute, "run", lambda *words: told.append(" ".join(words)))
    monkeypatch.setattr(sysctl, "read", settings.get)
    monkeypatch.setattr(sysctl, "write", lambda name, value: told.append(f"{name}={value}"))
    return settings, told


def test_only_ours_is_seen(kernel):
    """Routes to one address, and proxies, with our protocol number."""
    assert proxied.dump() == ({("virbr1", "203.0.113.20"), ("virbr2", "2001:db8::20")}, {("eth0", "203.0.113.20")})


def test_what_a_network_has(kernel):
    """What it names, and what leads to its bridge; not what runs names alone, which may be another's by now. Settings that the kernel does not know count."""
    settings, unused = kernel
    settings["net/ipv4/conf/virbr1/proxy_arp"] = 1
    whole = frozenset({Entry("route", "203.0.113.20"), Entry("proxy", "203.0.113.20", "eth0"), Entry("ipv4", "proxy_arp", None, 1),
                       Entry("ipv4", "arp_evict_nocarrier", "eth0", 0)})
    one = network("203.0.113.20")
    assert proxied.held(one, one, proxied.dump()) == whole == frozenset(entries(one.proxied))
    settings["net/ipv4/conf/eth0/arp_evict_nocarrier"] = 1
    assert proxied.held(one, one, proxied.dump()) == whole - {Entry("ipv4", "arp_evict_nocarrier", "eth0", 0)}
    assert proxied.held(network(), one, proxied.dump()) == whole - {Entry("ipv4", "arp_evict_nocarrier", "eth0", 0)}
    found = (set(), {("eth0", "203.0.113.20")})
    assert proxied.held(network(), one, found) == {Entry("ipv4", "proxy_arp", None, 1)}
    settings["net/ipv4/conf/default/proxy_arp"] = 1  # then there is nothing to take away
    assert proxied.held(network(), one, found) == frozenset()
    assert proxied.held(one, None, found) == {Entry("proxy", "203.0.113.20", "eth0")}


def test_what_is_told(kernel):
    """Both ways, in ip(8)'s words; a setting of the bridge goes back to what any new device has."""
    settings, told = kernel
    settings.update({"net/ipv4/conf/virbr1/proxy_arp": 0, "net/ipv4/conf/default/proxy_arp": 0, "net/ipv6/conf/all/proxy_ndp": 1})
    for entry in (Entry("route", "203.0.113.20"), Entry("ipv4", "proxy_arp", None, 1), Entry("ipv4", "arp_evict_nocarrier", "eth0", 0),
                  Entry("ipv6", "proxy_ndp", "all", 1), Entry("proxy", "2001:db8::20", "eth0")):
        proxied.make(entry, "virbr1")
        if not entry.stays:
            proxied.remove(entry, "virbr1")
    assert told == [
        "ip -4 route add 203.0.113.20 dev virbr1 proto 118", "ip -4 route delete 203.0.113.20 dev virbr1 proto 118",
        "net/ipv4/conf/virbr1/proxy_arp=1", "net/ipv4/conf/virbr1/proxy_arp=0",
        "ip -6 neigh add proxy 2001:db8::20 dev eth0 protocol 118", "ip -6 neigh delete proxy 2001:db8::20 dev eth0",
    ]


@pytest.mark.parametrize(("said", "verb", "passes"), [
    ("RTNETLINK answers: File exists", "make", True), ("RTNETLINK answers: No such process", "remove", True),
    ("RTNETLINK answers: No such file or directory", "remove", True), ("Cannot find device", "make", False),
    ("RTNETLINK answers: File exists", "remove", False),
])
def test_what_is_so_already_is_no_error(monkeypatch, said, verb, passes):
    """The hook may have been there first; what else goes wrong is told."""

    def refuse(*words):
        raise BackendError(said)

    monkeypatch.setattr(iproute, "run", refuse)
    if passes:
        getattr(proxied, verb)(Entry("route", "203.0.113.20"), "virbr1")
    else:
        with pytest.raises(BackendError, match=said):
            getattr(proxied, verb)(Entry("route", "203.0.113.20"), "virbr1")
