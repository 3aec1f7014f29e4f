# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which doors of neighbours a resource of tables needs. Pure, as all plans."""

from __future__ import annotations

import ipaddress

from ..model.door import IN
from .neighbours import Bridged, bridged, drops, possible
from .table_steps import definition_of


def bridges(networks, context, others):
    """{name: addresses} of all bridges, once the plan is done: the host's, and those of networks ({name: NetworkState or None}), which are there whenever
    these are active.
    """
    found = dict(context.bridges)
    for name, addresses in others.bridges:
        found[name] = found.get(name, ()) if addresses is None else addresses
    return {**found, **{name: definition.interfaces for name, (unused, definition) in _owned(networks).items()}}


def doors(state, data, wanted, context):
    """(the Doors that a resource shall have for some Bridged, warnings of what is dropped all the same); none where it does not coexist.

    ``state`` is its TableState or None, ``wanted`` (Bridged, devices that its guests get out by). It keeps what it has, as long as its guests may need that,
    has what they lack, and what others hold open for the same packets, lest it goes with these. Of bridges by which the default route leaves none is opened:
    firewalld would have another zone for whoever comes in by these.
    """
    if not data.coexist:
        return (), ()
    networks, nics = [each for each in wanted[0] if each.bridge not in context.leading], tuple(dict.fromkeys((*context.leading, *wanted[1])))
    held = state.doors if state is not None else ()
    useful = possible(networks, context.passing, nics)
    shared = {(each.program, rule) for each in context.opened for rule in each.rules}
    found, warnings = {each for each in useful if each in held or all((each.program, rule) in shared for rule in each.rules)}, {}
    for network, packet, chain, way in drops(networks, context.chains, context.passing, nics):
        if way is None or way in held and way not in state.shut:
            remedy = f"have it accept packets by {network.bridge}, before it drops"
            warnings[f"{packet.begins} of {network.name} is dropped by {chain}, all the same: {remedy}"] = None
        found |= {way} if way is not None else set()
    return tuple(sorted(found)), tuple(warnings)


def _owned(networks):
    """{bridge: (name, definition)} of networks whose bridges are libvirt's own."""
    found = ((name, definition_of(state)) for name, state in networks.items())
    return {each.bridge_name: (name, each) for name, each in found if each is not None and each.owns_bridge and each.bridge_name}


def around(names, networks, known, comes=None, towards=()):
    """The Bridged of the bridges of these names: their networks', or as of one by which everybody may be reached. ``known`` is what bridges() gives, ``comes``
    what comes in where that is not as the forward mode has it, ``towards`` {bridge: other bridges that its guests are to reach}.
    """
    owned = _owned(networks)
    for name in names:
        own = bridged(*owned[name]) if name in owned else Bridged(
            name, name, "open", tuple(ipaddress.ip_interface(each).network for each in known[name]), comes=IN)
        yield own._replace(comes=own.comes if comes is None else comes, towards=tuple(dict(towards).get(name, ())))
