# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to policies that are wanted, or an error that names the option, its value, what is allowed and what to do."""

from __future__ import annotations

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.desired.tasks import WANTED
from ansible_collections.virtlab.network.plugins.module_utils.errors import ValidationError

ZONES = [{"name": "lan", "devices": ["eth0"]}, {"name": "dmz", "networks": ["dmz"], "subnets": ["10.0.0.0/8", "fd00::/8"]}, {"name": "host", "host": True},
         {"name": "four", "subnets": ["192.0.2.0/24"]}, {"name": "six", "subnets": ["2001:db8::/32"]}]
LONG = "x" * 127


def wanted(**options):
    """What is wanted, where a task says more or less than a good one."""
    return WANTED["firewall"]({"name": "f", "zones": ZONES, "policies": [{"src": "lan", "dst": "dmz"}], "state": "present", **options}, "default", None)


def zone(**options):
    """Options with a zone of its own."""
    return {"zones": [*ZONES, {"name": "z", **options}]}


def policy(**options):
    """Options with a policy."""
    return {"policies": [{"src": "lan", "dst": "dmz", **options}]}


def rule(**options):
    """Options with a rule, the second."""
    return policy(rules=[{}, options])


NAME = "must be 1 to 32 letters, digits, dashes and underscores, a letter or digit first"
ZONE = "must be 1 to 32 letters, digits and underscores, a letter first"
DEVICE, SUBNET = "must be a device name", "must be a subnet such as 192.168.100.0/24 or fd00:100::/64, or an address"
PREFIX = "must be 1 to 127 bytes on one line, without quotes, backslashes, dollar signs and control characters: nft(8) cannot carry them"
COMMENT = "must be 1 to 128 bytes on one line, without quotes, backslashes and control characters: nft(8) cannot carry them"
RATE, PORT = "must be a number and a time such as 10/second", "must be a port from 1 to 65535"
SAME = "no packet has addresses of both versions of IP; give addresses of the version that the rest of the rule is of"
BAD = [
    *(({"name": each}, f"name is {each!r}: {NAME}") for each in ("a; drop", "{", "", "x" * 33, "-a", "_a", "a b", "a.b", "ä", "a\n", "$a", '"')),
    *(({"zones": [{"name": each, "host": True}]}, f"zones[0].name is {each!r}: {ZONE}")
      for each in ("a; drop", "{", "", "x" * 33, "1a", "a-b", "a b", "a\n", "é")),
    *((policy(**{end: each}), f"policies[0].{end} is {each!r}: {ZONE}") for end in ("src", "dst") for each in ("a; drop", "", "a\n")),
    *((zone(devices=["eth1", each]), f"zones[5].devices[1] is {each!r}: {DEVICE}")
      for each in ("", "x" * 16, "a b", "a/b", "..", "a:b", 'a"b', "a\\b", "eth*", "*", "a\x01", "a\n", "ö" * 8)),
    (zone(devices=["all"]), "zones[5].devices[0] is 'all': must be another"),
    (zone(devices=["lo"]), "zones[5].devices is 'lo': what the host says to itself is not decided here; leave it out, or make a zone of the host itself"),
    *((zone(subnets=[each]), f"zones[5].subnets[0] is {each!r}: {SUBNET}")
      for each in ("fe80::%eth0/64", "fe80::1%eth0", "10.0.0.0/33", "10.0.0.0-10.0.0.9", "default", "", "10.0.0", "{ 10.0.0.0/8 }", "1.1.1.1\n")),
    (zone(subnets=["fd00::1/64"]), "zones[5].subnets[0] is 'fd00::1/64': must be a subnet without bits beyond its prefix; give fd00::/64, or"),
    (zone(networks=["a\nb"]), "zones[5].networks[0] is 'a\\nb': must be one line"),
    (zone(name="lan", devices=["eth1"]), "zones is 'lan': is there twice; give each once"),
    (zone(), "zones[5] is 'z': nobody belongs to it; give networks, devices or subnets, or host: true"),
    (zone(host=False, devices=[], subnets=[]), "zones[5] is 'z': nobody belongs to it"),
    (zone(host=True, devices=["eth1"], subnets=["10.0.0.0/8"]), "zones[5].host is True: the host itself is a zone of its own; leave out eth1, 10.0.0.0/8, or"),
    ({"policies": []}, "policies is []: nothing is decided without one; say which zone may begin to talk to which, or state: absent"),
    ({"policies": None}, "policies is []: nothing is decided without one"),
    ({"policies": [{"src": "lan", "dst": "dmz"}, {"src": "dmz", "dst": "lan"}, {"src": "lan", "dst": "dmz", "default": "accept"}]},
     "policies is 'lan to dmz': is there twice; give each once"),
    (policy(src="wan"), "policies[0].src is 'wan': is no zone; these are: lan, dmz, host, four, six; name one of them, or add it to zones"),
    (policy(dst="any"), "policies[0].dst is 'any': is no zone"),
    ({"zones": []}, "policies[0].src is 'lan': is no zone; these are: none; name one of them, or add it to zones"),
    (policy(src="host", dst="host"), "policies[0].dst is 'host': what the host says to itself is not decided here; leave this policy out"),
    (policy(src="four", dst="six"), "policies[0].dst is 'six': no packet goes there from four: one has subnets of IPv4 alone, the other of IPv6; add subnets"),
    (policy(src="six", dst="four"), "policies[0].dst is 'four': no packet goes there from six"),
    (policy(default="allow"), "policies[0].default is 'allow': must be one of accept, drop, reject"),
    (policy(default="accept", log="x"), "policies[0].log is 'x': default is accept, and what is accepted is not logged; leave it out, or give a rule"),
    (rule(action="jump"), "policies[0].rules[1].action is 'jump': must be one of accept, drop, reject"),
    (rule(protocol="any"), "policies[0].rules[1].protocol is 'any': must be one of tcp, udp, sctp, icmp, icmpv6, gre, esp, ah"),
    *((set_log(value), f"{path} is {value!r}: {PREFIX}")
      for value in ('a"b', "a\\", "a\nb", "$x", "5$", "", LONG + "x", "ü" * 64, "a\tb", "a\x7f", "\ud800")
      for set_log, path in ((lambda value: policy(log=value), "policies[0].log"), (lambda value: rule(log=value), "policies[0].rules[1].log"))),
    *((rule(comment=each), f"policies[0].rules[1].comment is {each!r}: {COMMENT}") for each in ('a"b', "a\\", "a\nb", "", LONG + "xx", "ü" * 65, "\ud800")),
    (rule(ports=["80"]), "policies[0].rules[1].ports is ['80']: without a protocol there has none; say which protocol: tcp, udp, sctp"),
    *((rule(protocol=each, ports=["80"]), f"policies[0].rules[1].ports is ['80']: {each} has none") for each in ("icmp", "icmpv6", "gre", "esp", "ah")),
    *((rule(protocol="tcp", ports=["22", each]), f"policies[0].rules[1].ports[1] is {each!r}: {PORT}")
      for each in ("0", "65536", "90-80", "0-5", "80-", "-80", "ssh", "1-65536", "", "80,443", "80 - 90", "1-2-3")),
    *((rule(protocol="tcp", **{each: []}), f"policies[0].rules[1].{each} is []: nothing is any of none, and this is not a rule for all; give some")
      for each in ("ports", "saddr", "daddr")),
    (rule(burst=5), "policies[0].rules[1].burst is 5: nothing is limited; give limit as well, or leave it out"),
    *((rule(limit="1/day", burst=each), f"policies[0].rules[1].burst is {each}: must be from 1 to 65535") for each in (0, -1, 65536)),
    *((rule(limit=each), f"policies[0].rules[1].limit is {each!r}: {RATE}")
      for each in ("0/second", "10/week", "ten/second", "10", "/second", "10 /second", "10/seconds", "1.5/second", "9999999999/day", "10/second\n", "")),
    *((rule(**{each: ["10.0.0.0/8", "10.0.0.1/8"]}),
       f"policies[0].rules[1].{each}[1] is '10.0.0.1/8': must be a subnet without bits") for each in ("saddr", "daddr")),
    (rule(saddr=["10.0.0.0/8"], daddr=["fd00::/8"]), f"policies[0].rules[1].daddr is ['fd00::/8']: {SAME}"),
    (rule(protocol="icmp", saddr=["fd00::/8"]), f"policies[0].rules[1].saddr is ['fd00::/8']: {SAME}"),
    (rule(protocol="icmpv6", daddr=["10.0.0.0/8"]), f"policies[0].rules[1].daddr is ['10.0.0.0/8']: {SAME}"),
    (rule(protocol="icmp", saddr=["10.0.0.0/8", "fd00::/8"], daddr=["fd00::/8"]), f"policies[0].rules[1].daddr is ['fd00::/8']: {SAME}"),
]


@pytest.mark.parametrize(("options", "words"), BAD)
def test_bad_options_are_refused(options, words):
    """Before anything is touched."""
    with pytest.raises(ValidationError) as caught:
        wanted(**options)
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize("options", [
    {"name": "x" * 32}, {"name": "0-a_b"},
    zone(name="Z" + "_9" * 15, devices=["br-lab.5", "eth0_ü", "a$b", "{", ";"]), zone(subnets=["0.0.0.0/0", "::/0", "192.0.2.7"]),
    policy(log=LONG), policy(log="ü" * 63), policy(log="{ drop; } #%s'@x:  "), policy(src="lan", dst="lan"),
    policy(src="host", dst="six"), policy(src="six", dst="lan"),
    policy(default="accept", rules=[{"log": "seen: "}]), rule(), rule(comment=LONG + "x"), rule(comment="$x {;}"),
    rule(protocol="sctp", ports=["1-65535", "80"]),
    rule(limit="1/day"),
    rule(limit="999999999/second", burst=65535), rule(protocol="icmpv6", saddr=["10.0.0.0/8", "fd00::/8"]), policy(rules=[]),
])
def test_good_options_are_not(options):
    """Whatever nft(8) takes."""
    assert wanted(**options).state == "present"


def test_what_is_wanted_is_canonical():
    """Two ways to say the same are the same, and rules keep their order."""
    ways = ([{"protocol": "tcp", "ports": ["080", "22-22"], "saddr": ["10.0.0.1", "FD00::/8"]}, {"action": "drop"}],
            [{"protocol": "tcp", "ports": ["22", "80"], "saddr": ["fd00::/8", "10.0.0.1/32"]}, {"action": "drop"}])
    one, same = (wanted(**policy(rules=rules)) for rules in ways)
    assert one == same and (one.family, one.kind, one.name, one.lab) == ("firewall", "firewall", "f", "default")
    assert one != wanted(**policy(rules=ways[0][::-1]))
    assert wanted(zones=ZONES[::-1]) == wanted()


def test_who_goes_needs_no_more_than_a_name():
    """Of whatever sort: there is nothing of that name."""
    for name in ("f", "{"):
        gone = wanted(state="absent", name=name, zones=None, policies=None)
        assert (gone.state, gone.name, gone.data) == ("absent", name, None)
