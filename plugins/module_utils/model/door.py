# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Doors of other programs: rules of theirs by which packets of a bridge pass what they would drop, in the words that each program takes."""

from __future__ import annotations

from typing import NamedTuple

#: what passes: what guests begin with those that another device leads to, what these begin with guests, what is led to guests by translation; and what guests
#: ask the host for
OUT, IN, DNAT, DHCP, DHCPV6, DNS = "out", "in", "dnat", "dhcp", "dhcpv6", "dns"
#: firewalld has zones of devices instead: this is libvirt's for such, whose packets pass both ways, and who reach DHCP, DNS, ssh and TFTP of the host
ZONED, ZONE = "zone", "libvirt-routed"
ANSWERS = "-i {0} -o {1} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
#: {neighbour: {what passes: its rules, with places for the bridge and the other device}}
RULES = {
    "docker": {
        OUT: ("-i {bridge} -o {other} -j ACCEPT", ANSWERS.format("{other}", "{bridge}")),
        IN: ("-i {other} -o {bridge} -j ACCEPT", ANSWERS.format("{bridge}", "{other}")),
        DNAT: ("-i {other} -o {bridge} -m conntrack --ctstate DNAT -j ACCEPT", ANSWERS.format("{bridge}", "{other}")),
    },
    "ufw": {
        OUT: ("route allow in on {bridge} out on {other}",),
        IN: ("route allow in on {other} out on {bridge}",),
        DNAT: ("route allow in on {other} out on {bridge}",),
        DHCP: ("allow in on {bridge} to any port 67 proto udp",),
        DHCPV6: ("allow in on {bridge} to any port 547 proto udp",),
        DNS: ("allow in on {bridge} to any port 53",),
    },
    "firewalld": {ZONED: (f"--zone={ZONE} --add-interface={{bridge}}",)},
}
#: how a person carries a rule out: the first place is the program's, the second the rule's
COMMANDS = {"docker": "{0} -I DOCKER-USER {1}", "ufw": "{0} {1}", "firewalld": "{0} {1}; {0} --permanent {1}"}
#: the program of each, where it is the same whatever packets it is about
PROGRAMS = {"ufw": "ufw", "firewalld": "firewall-cmd"}


class Door(NamedTuple):
    """What a neighbour (a key of RULES) lets pass by a bridge, and the program that is told so; ``other`` is the device on the other side, if any is."""

    neighbour: str
    program: str
    what: str
    bridge: str
    other: str = ""

    @property
    def rules(self):
        """Its rules, in words of the program."""
        return tuple(rule.format(bridge=self.bridge, other=self.other) for rule in RULES[self.neighbour][self.what])

    def __str__(self):
        return "; ".join(COMMANDS[self.neighbour].format(self.program, rule) for rule in self.rules)


def door(neighbour, what, bridge, other="", program=None):
    """The Door by which something passes a neighbour; None where it has none. ``program`` is that of iptables(8) for a neighbour without one of its own."""
    if neighbour == "firewalld":
        what, other = ZONED, ""
    if what not in RULES.get(neighbour, ()):
        return None
    return Door(neighbour, PROGRAMS.get(neighbour, program), what, bridge, other)
