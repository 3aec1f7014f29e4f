# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to what is wanted, or an error before anything is touched."""

from __future__ import annotations

from ..errors import ValidationError
from ..model.guest import WantedGuest
from ..model.interface import WantedInterface
from ..model.link import WantedLink
from ..model.network_state import WantedNetwork
from ..model.table import CLASSES, WantedTable
from ..model.values import LAB
from . import link
from .firewall import firewall
from .guest import guest
from .interface import interface
from .nat import nat
from .network import network

#: for each kind of resource, from its options, a lab's mark and the host to what is wanted
WANTED = {"network": network, "bridge": link.bridge, "tap": link.tap, "link": link.link, "nat": nat, "firewall": firewall,
          "interface": interface}


def wanted_of(kind, params, mark, host):
    """What one set of options asks for, and what comes with it, such as a guest's NICs."""
    if kind == "guest":
        main, nics = guest(params, mark, host)
        return (main, *nics)
    return (WANTED[kind](params, mark, host),)


def said(kind, params):
    """A resource in words, as its options name it."""
    if kind == "interface":
        return f"interface {params['domain']}/{params['alias'] or params['mac'] or 'its NIC'}"
    return f"{kind} {params['name'] or 'of xml'}"


def lab_of(name):
    """The canonical name of a lab; None is default. Raises ValidationError."""
    try:
        return LAB.canonical("default" if name is None else name)
    except ValueError as err:
        raise ValidationError("lab", name, str(err)) from err


def absent(family, name, state, mark, force):
    """What is wanted of a resource that a lab has, and no task names: that it goes."""
    if family == "network":
        return WantedNetwork(name, None, state="absent", lab=mark, force=force)
    if family in CLASSES:
        return WantedTable(family, name, state="absent", lab=mark)
    if family == "guest":
        return WantedGuest(name, state="absent", lab=mark, driver=state.driver, macs=state.macs)
    if family == "interface":
        return WantedInterface(name, state.domain, held=(state.stored, state.live), state="absent", lab=mark)
    return WantedLink(state.resource, name, state.kind, state="absent", lab=mark, force=force)
