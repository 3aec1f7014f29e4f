# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which doors of neighbours a resource of tables needs. Pure, as all plans."""

from __future__ import annotations

import ipaddress

from .neighbours import Bridged, bridged, needed
from .table_steps import definition_of


def bridges(networks, context, others):
    """{name: addresses} of all bridges, once the plan is done: the host's, and those of networks ({name: NetworkState or None}), which are there whenever
    these are active.
    """
    found = dict(context.bridges)
    for name, addresses in others.bridges:
        found[name] = found.get(name, ()) if addresses is None else addresses
    return {**found, **{name: definition.interfaces for name, (unused, definition) in _owned(networks).items()}}


def doors(state, data, names, networks, known, context):
    """The Doors that a resource shall have for the bridges of these names: those that it has, and those that it lacks; none where it does not coexist.

    ``state`` is its TableState or None, ``known`` what bridges() gives. Of bridges by which the default route leaves none is opened: firewalld would have
    another zone for whoever comes in by these.
    """
    if not data.coexist:
        return ()
    owned = _owned(networks)
    found = [_bridged(name, owned.get(name), known[name]) for name in names if name not in context.leading]
    held = [door for door in (state.doors if state is not None else ()) if door.device in {each.bridge for each in found}]
    return tuple(sorted({*held, *needed(found, context.chains, context.passing, context.leading)}))


def _owned(networks):
    """{bridge: (name, definition)} of networks whose bridges are libvirt's own."""
    found = ((name, definition_of(state)) for name, state in networks.items())
    return {each.bridge_name: (name, each) for name, each in found if each is not None and each.owns_bridge and each.bridge_name}


def _bridged(bridge, owner, addresses):
    """The Bridged of a bridge: its network's, or one as by which everybody may be reached."""
    if owner is not None:
        return bridged(*owner)
    return Bridged(bridge, bridge, "open", tuple(ipaddress.ip_interface(each).network for each in addresses))
