# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of a probe, and what is refused before anything is touched: with the option, its value, what is allowed and what to do."""

from __future__ import annotations

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.argument_spec import virt_probe
from ansible_collections.virtlab.network.plugins.module_utils.desired.probe import probe
from ansible_collections.virtlab.network.plugins.module_utils.errors import ValidationError
from ansible_collections.virtlab.network.plugins.module_utils.model.probe import meets

FIXED = {"addresses": ["10.0.0.9/24"]}


def asked(**options):
    """The Probe of some options, as Ansible fills them up."""
    spec = virt_probe()["argument_spec"]
    options = {"network": "lab", **options} if not {"bridge", "host"} & set(options) else options
    filled = {**dict.fromkeys(spec), **options}
    for name in ("checks", "listen", "quiet"):
        filled[name] = options.get(name) and [{**dict.fromkeys(spec[name]["options"]), **each} for each in options[name]]
    return probe(filled)


def test_what_is_asked_is_read():
    """In its one form, with what a check expects where nothing is said."""
    wanted = asked(mac="52:54:0:A:b:1", addresses=["10.0.0.9/24"], checks=[{"ping": "gateway"}, {"mtu": "192.0.2.1", "expect": ["1450"]}])
    assert wanted.mac == "52:54:00:0a:0b:01" and [check.kind for check in wanted.checks] == ["ping", "mtu"]
    assert [check.wanted for check in wanted.checks] == [("allowed",), ("1450",)] and str(wanted.checks[0]) == "ping gateway"
    assert asked(bridge="br0", vlan=10, quiet=[{}], seconds=1).quiet[0].protocols is None


@pytest.mark.parametrize(("options", "words"), [
    ({"bridge": "br0", "network": "lab"}, "give either network, bridge or host"),
    ({"bridge": None, "network": None}, "give either network, bridge or host"),
    ({"host": False}, "give either network, bridge or host"),
    ({"host": True, "mac": "52:54:00:00:00:01"}, "mac is '52:54:00:00:00:01': the host itself has what it has"),
    ({"host": True, "listen": [{"port": 7}], "seconds": 1}, "listen is [{'port': 7}]: the host itself"),
    ({"bridge": "br0", "portgroup": "web"}, "portgroup is 'web': a bridge has none"),
    ({"mac": "53:54:00:00:00:01"}, "first byte is odd"),
    ({"addresses": ["10.0.0.9"]}, "must be given with its prefix"),
    ({**FIXED, "gateways": ["fd00::1"]}, "gateways[0] is 'fd00::1': the probe has no address of IPv6"),
    ({**FIXED, "gateways": ["10.0.0.1", "10.0.0.2"]}, "is one of several of IPv4"),
    ({"dhcp": [], "checks": [{"ping": "192.0.2.1"}]}, "a probe without any address can check nothing"),
    ({"dhcp": ["ipv5"]}, "dhcp[0] is 'ipv5': must be one of ipv4, ipv6"),
    ({"checks": [{}]}, "a check is one of ping, tcp, udp, resolve, trace, mtu"),
    ({"checks": [{"ping": "a", "trace": "a"}]}, "checks[0] is 'ping, trace'"),
    ({"checks": [{"tcp": "192.0.2.1"}]}, "checks[0].port is None: tcp needs one"),
    ({"checks": [{"ping": "192.0.2.1", "port": 7}]}, "checks[0].port is 7: means nothing to ping"),
    ({"checks": [{"tcp": "192.0.2.1", "port": 7, "server": "192.0.2.1"}]}, "means nothing to tcp"),
    ({"checks": [{"ping": "192.0.2.1", "family": "ipv6"}]}, "checks[0].family is 'ipv6': 192.0.2.1 is of the other"),
    ({"checks": [{"ping": "192.0.2.1", "expect": ["refused", "allowed"]}]}, "must be one word"),
    ({"checks": [{"ping": "192.0.2.1", "expect": []}]}, "must be one word"),
    ({"checks": [{"ping": "192.0.2.1", "expect": ["denied"]}]}, "checks[0].expect is 'denied': must be one of allowed, refused, rejected, silent, unroutable"),
    ({"checks": [{"mtu": "192.0.2.1", "expect": ["big"]}]}, "must be a number of bytes"),
    ({"checks": [{"trace": "192.0.2.1", "expect": ["router"]}]}, "must be the address of a router"),
    ({"checks": [{"resolve": "a.test", "expect": ["b.test"]}]}, "must be an address"),
    ({"checks": [{"resolve": "gateway"}]}, "is the word for the router"),
    ({**FIXED, "checks": [{"resolve": "a.test"}]}, "the probe knows no name server"),
    ({"listen": [{"port": 7}]}, "without checks the probe would be gone at once"),
    ({"quiet": [{}]}, "say with seconds how long it is to stay"),
    ({"seconds": 1, "listen": [{"port": 7}, {"port": 7, "protocol": "udp"}]}, "listen is 'udp 7': is there twice"),
    ({"seconds": 1, "quiet": [{"protocols": ["arp"], "ports": ["7"]}]}, "quiet[0].ports is ['7']: arp has none"),
    ({"seconds": 1, "quiet": [{"sources": []}]}, "nothing is any of none"),
    ({"seconds": 1, "quiet": [{"besides": ["router"]}]}, "must be gateway, an address, a subnet"),
    ({"seconds": 1, "quiet": [{"protocols": ["carp"]}]}, "must be one of arp, ipv4"),
])
def test_what_is_refused(options, words):
    """In words that say what to do."""
    with pytest.raises(ValidationError) as caught:
        asked(**options)
    assert words in str(caught.value)


@pytest.mark.parametrize(("kind", "wanted", "found", "met"), [
    ("tcp", ["refused"], {"outcome": "silent"}, True), ("tcp", ["refused"], {"outcome": "unroutable"}, True),
    ("tcp", ["rejected"], {"outcome": "silent"}, False),
    ("tcp", ["allowed"], {"outcome": "rejected"}, False), ("mtu", ["1400"], {"outcome": "allowed", "values": ["1400"]}, True),
    ("mtu", ["1400"], {"outcome": "silent"}, False),
    ("resolve", ["FD00::0:1", "192.0.2.1"], {"outcome": "allowed", "values": ["192.0.2.1", "fd00::1"]}, True),
    ("resolve", ["192.0.2.1"], {"outcome": "allowed", "values": ["192.0.2.1", "192.0.2.2"]}, False),
    ("resolve", ["Web.Test."], {"outcome": "allowed", "values": ["web.test"]}, True),
    ("trace", ["192.0.2.1"], {"outcome": "allowed", "values": ["192.0.2.1", "192.0.2.2"]}, True),
    ("trace", ["192.0.2.1"], {"outcome": "silent", "values": ["192.0.2.1"]}, False),
])
def test_what_meets_an_expectation(kind, wanted, found, met):
    """A word stands for some outcomes; values are all that there are, and of a way some of it."""
    assert meets(kind, wanted, found) is met
