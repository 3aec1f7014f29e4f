# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to what is wanted, or an error before anything is touched."""

from __future__ import annotations

from ..errors import ValidationError
from ..model.values import LAB


def _network(*given):
    from .network import network

    return network(*given)


def _bridge(*given):
    from .link import bridge

    return bridge(*given)


def _tap(*given):
    from .link import tap

    return tap(*given)


def _link(*given):
    from .link import link

    return link(*given)


def _nat(*given):
    from .nat import nat

    return nat(*given)


def _firewall(*given):
    from .firewall import firewall

    return firewall(*given)


def _interface(*given):
    from .interface import interface

    return interface(*given)


#: for each kind of resource, from its options, a lab's mark and the host to what is wanted; only what a task asks for is imported
WANTED = {"network": _network, "bridge": _bridge, "tap": _tap, "link": _link, "nat": _nat, "firewall": _firewall, "interface": _interface}


def wanted_of(kind, params, mark, host):
    """What one set of options asks for, and what comes with it, such as a guest's NICs."""
    if kind == "guest":
        from .guest import guest

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
        from ..model.network_state import WantedNetwork

        return WantedNetwork(name, None, state="absent", lab=mark, force=force)
    if family in ("nat", "firewall"):
        from ..model.table import WantedTable

        return WantedTable(family, name, state="absent", lab=mark)
    if family == "guest":
        from ..model.guest import WantedGuest

        return WantedGuest(name, state="absent", lab=mark, driver=state.driver, macs=state.macs)
    if family == "interface":
        from ..model.interface import WantedInterface

        return WantedInterface(name, state.domain, held=(state.stored, state.live), state="absent", lab=mark)
    from ..model.link import WantedLink

    return WantedLink(state.resource, name, state.kind, state="absent", lab=mark, force=force)
