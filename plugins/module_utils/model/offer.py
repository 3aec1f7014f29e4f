# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is heard on a segment from those that give addresses there."""

from __future__ import annotations

from typing import NamedTuple


class Offer(NamedTuple):
    """An answer to one that looks for an address.

    ``by`` is DHCP, DHCPv6, or router for an advertisement; ``server`` the address of whoever sends it, ``mac`` of the device that the frame came from, and
    ``given`` are the addresses that are offered, or the prefixes that are advertised.
    """

    by: str
    server: str
    mac: str
    given: tuple


class Heard(NamedTuple):
    """What was heard on a device: Offers; or, in ``deaf``, why nobody listened."""

    offers: tuple = ()
    deaf: str = ""
