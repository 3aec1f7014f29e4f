# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pure: addresses of guests' NICs, of which some are what a guest says of itself."""

from __future__ import annotations

import ipaddress

#: who tells of addresses, the best one first
SOURCES = ("lease", "agent", "arp")


def of(nic):
    """[(ipaddress' address, who told it)] of a NIC as virt_interface_info tells it, by who is best believed; what is no address is left out."""
    found = []
    for each in sorted(nic["addresses"], key=lambda each: SOURCES.index(each["told_by"])):
        try:
            found.append((ipaddress.ip_address(each["address"].partition("/")[0]), each["told_by"]))
        except ValueError:  # an agent may answer whatever it likes
            continue
    return found


def reached(address):
    """Whether others than those on its link reach an address."""
    return not (address.is_link_local or address.is_loopback or address.is_unspecified)
