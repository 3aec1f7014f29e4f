# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Doors of other programs: rules of theirs by which packets of a bridge pass what they would drop, in the words that each program takes."""

from __future__ import annotations

from typing import NamedTuple

#: what is to pass: what guests begin with others (and what answers), what others begin with them, and what guests ask the host for
OUT, IN, DHCP, DHCPV6, DNS = "out", "in", "dhcp", "dhcpv6", "dns"
#: the zone that libvirt has firewalld know: packets pass it both ways, and of the host it reaches DHCP, DNS, ssh and TFTP
ZONE = "--zone=libvirt-routed --add-interface={}"
#: {neighbour: {what is to pass: rules, each with a place for the bridge}}, narrow as the neighbour has it
RULES = {
    "docker": {
        OUT: ("-i {} -j ACCEPT", "-o {} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"),
        IN: ("-i {} -j ACCEPT", "-o {} -j ACCEPT"),
    },
    "ufw": {
        OUT: ("route allow in on {}",),
        IN: ("route allow out on {}",),
        DHCP: ("allow in on {} to any port 67 proto udp",),
        DHCPV6: ("allow in on {} to any port 547 proto udp",),
        DNS: ("allow in on {} to any port 53",),
    },
    "firewalld": dict.fromkeys((OUT, IN, DHCP, DHCPV6, DNS), (ZONE,)),
}
#: how a person carries a rule out: the first place is the program's, the second the rule's
COMMANDS = {"docker": "{0} -I DOCKER-USER {1}", "ufw": "{0} {1}", "firewalld": "{0} {1}; {0} --permanent {1}"}
#: the program of each that has one, whatever packets it is about
PROGRAMS = {"ufw": "ufw", "firewalld": "firewall-cmd"}


class Door(NamedTuple):
    """One rule of a neighbour's (a key of RULES), and the program that takes it."""

    neighbour: str
    program: str
    rule: str

    def __str__(self):
        return COMMANDS[self.neighbour].format(self.program, self.rule)

    @property
    def device(self):
        """Name of the bridge that it is about."""
        words = self.rule.replace("=", " ").split()
        return next(after for word, after in zip(words, words[1:]) if word in ("-i", "-o", "on", "--add-interface"))


def doors(neighbour, way, bridge, program=None):
    """The Doors by which packets of a bridge pass a neighbour; ``program`` is that of iptables(8) for a neighbour that has none of its own."""
    rules = RULES.get(neighbour, {}).get(way, ())
    return tuple(Door(neighbour, PROGRAMS.get(neighbour, program), rule.format(bridge)) for rule in rules)
