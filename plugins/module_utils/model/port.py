# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What networks, their portgroups and guests' NICs have in common: VLAN, virtual port, bandwidth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from .option import option, options
from .values import BOOL, LINE, U32, UUID, integer, one_of


@dataclass(frozen=True)
class VlanTag:
    """One VLAN of a port."""

    id: Optional[int] = option(integer(0, 4095), "VLAN number.", required=True)
    native_mode: Optional[str] = option(
        one_of("tagged", "untagged"), "Makes this the VLAN of untagged frames; V(tagged) sends them out with a tag all the same. Open vSwitch only."
    )


@dataclass(frozen=True)
class Vlan:
    """``<vlan>``: the VLANs of a guest's port."""

    trunk: Optional[bool] = option(BOOL, "The port carries the VLANs tagged. libvirt turns it on by itself where there is more than one tag.")
    tags: tuple = options(VlanTag, "The VLANs.", key=("id",))


@dataclass(frozen=True)
class VirtualPortParameters:
    """``<virtualport><parameters>``."""

    managerid: Optional[int] = option(integer(0, 255), "802.1Qbg: the VSI manager that holds the VSI types.")
    typeid: Optional[int] = option(integer(0, 16777215), "802.1Qbg: the VSI type.")
    typeidversion: Optional[int] = option(integer(0, 255), "802.1Qbg: the version of the VSI type.")
    instanceid: Optional[str] = option(UUID, "802.1Qbg: the VSI instance. libvirt generates one where it is needed and not given.")
    profileid: Optional[str] = option(LINE, "802.1Qbh and Open vSwitch: name of the port profile.")
    interfaceid: Optional[str] = option(UUID, "Open vSwitch and MidoNet: the interface. libvirt generates one where it is needed and not given.")


@dataclass(frozen=True)
class VirtualPort:
    """``<virtualport>``: how a guest's port joins a switch that is more than a Linux bridge."""

    type: Optional[str] = option(one_of("802.1Qbg", "802.1Qbh", "openvswitch", "midonet"), "Kind of switch.")
    parameters: Optional[VirtualPortParameters] = option(VirtualPortParameters, "What the switch wants to know of the port.")


@dataclass(frozen=True)
class Rate:
    """``<inbound>`` or ``<outbound>``."""

    average: Optional[int] = option(U32, "Average rate, in kibibytes a second.")
    peak: Optional[int] = option(U32, "Highest rate while a burst lasts, in kibibytes a second.")
    burst: Optional[int] = option(U32, "Amount that may be sent at the peak rate, in kibibytes.")
    floor: Optional[int] = option(U32, "Rate that is guaranteed, in kibibytes a second. Of a guest's interface, inbound only.")


@dataclass(frozen=True)
class Bandwidth:
    """``<bandwidth>``: rates seen from the guest (inbound is what it receives)."""

    inbound: Optional[Rate] = option(Rate, "What guests receive.")
    outbound: Optional[Rate] = option(Rate, "What guests send.")
