# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a probe is plugged in, and which addresses it asks for there."""

from __future__ import annotations

from typing import NamedTuple, Optional

#: kinds of switches: a bridge of the kernel's, and a device that macvlans share; and the host itself, which is plugged into none
BRIDGE, MACVLAN, HOST = "bridge", "macvlan", "host"


class Plug(NamedTuple):
    """A port to be made. ``switch`` is one of the kinds, ``device`` the bridge, or the device that is shared in ``mode``.

    ``vlan`` is the one that the bridge has the probe's frames be of, ``isolated`` a port that reaches no other of its kind, and ``told`` one whose MAC address
    the bridge does not learn, but is told.
    """

    switch: str
    device: str
    mtu: int
    vlan: Optional[int] = None
    isolated: bool = False
    told: bool = False
    mode: str = ""


class Asking(NamedTuple):
    """What is asked for: families of DHCP, and whether IPv6 routers are heeded for an address. ``must`` tells whether not getting it is a failure."""

    dhcp: tuple = ()
    slaac: bool = False
    must: bool = True
