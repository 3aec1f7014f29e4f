# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a task asks for, and what there is, to the state that a network shall be in. Pure, as all plans."""

from __future__ import annotations

from dataclasses import replace

from ..errors import ValidationError
from ..model.kernel import Kernel, Port
from ..model.network_state import NetworkState, as_given, as_stored, fill, inherit
from ..model.proxied import entries, there
from .network_update import nearest

#: what the kernel gives a device that nobody gave an MTU
MTU = 1500


def target_of(wanted, state, context):
    """The NetworkState that ``wanted`` asks for, given the present one; None for absent."""
    if wanted.state == "absent":
        return None
    if wanted.definition is None and state is None:
        raise ValidationError("name", wanted.name, "no such network", "say what it shall be: forward, bridge, ips and the like, or xml")
    if wanted.definition is not None and state is not None and wanted.definition.uuid not in (None, state.definition.uuid):
        raise ValidationError("uuid", wanted.definition.uuid, f"network {wanted.name} has {state.definition.uuid}, and a network keeps its uuid",
                              "leave uuid out, or remove the network first")
    persistent = _persistent(wanted, state)
    was_active = state is not None and (state.live is not None or state.interrupted is not None)
    active = wanted.state == "active" or not persistent or (wanted.state == "present" and was_active)
    definition = _definition(wanted, state)
    live = _live(wanted, state, definition, persistent) if active else None
    kernel = _kernel(live, state, definition.bridge_ports, context) if live and live.owns_bridge and context.local else None
    target = NetworkState(definition if persistent else None, live, persistent and _autostart(wanted, state), kernel)
    hook = True if target.hooked and context.local and context.root else None
    return replace(target, hook=hook, proxied=there(entries(definition.proxied), context.links) if kernel else frozenset())


def _live(wanted, state, definition, persistent):
    """What is to run: what runs, where that will do or is to stay for now."""
    held = state.live if state is not None else None
    if held is None:
        return definition
    if wanted.definition is None or not restarts(definition, held, persistent):
        return held
    if wanted.on_restart != "defer":
        return definition
    if not persistent:
        raise ValidationError("on_restart", "defer", "a transient network has no next start that the change could wait for",
                              "choose another, or make the network persistent")
    bare = as_stored(held, definition)
    reached = nearest(bare, definition)
    return held if reached == bare else reached


def _persistent(wanted, state):
    if wanted.persistent is not None:
        return wanted.persistent
    if wanted.definition is not None or state is None or state.stored is not None:
        return True
    if wanted.state == "inactive":
        raise ValidationError("state", "inactive", f"network {wanted.name} is transient, and would be gone with its definition",
                              "use absent, or persistent: true to keep the definition")
    return False


def _definition(wanted, state):
    if state is None:
        return replace(wanted.definition, lab=wanted.lab)
    if wanted.definition is not None:
        return inherit(wanted.definition, state.definition, whole=not wanted.strict)
    return state.definition


def _autostart(wanted, state):
    if wanted.autostart is not None:
        return wanted.autostart
    return state is None or wanted.definition is not None or wanted.state == "active" or state.autostart


def _kernel(live, state, named, context):
    """The bridge as it shall be: with its ports of now, those that a run was interrupted in putting back, those that lost it, and those that are ``named``."""
    ports = {port.name: port for port in (state.interrupted if state else None) or () if port.name in context.links}
    ports.update({port.name: port for port in context.loose(live) if port.name not in ports})
    ports.update({port.name: port for port in (state.kernel.ports if state and state.kernel else ())})
    ports.update({name: replace(ports.get(name, Port(name)), up=True) for name in named if name in context.links})
    off = tuple(sorted(set(state.definition.bridge_ports) - set(named))) if state else ()
    before = state.live.mtu if state and state.live else live.mtu
    ports = tuple(_resized(ports[name], before, live.mtu) for name in sorted(set(ports) - set(off)))
    return Kernel("up", frozenset(map(str, live.interfaces)), ports, off=off)


def _resized(port, before, after):
    """A port that has the network's MTU, or none of its own, follows it."""
    if port.mtu is None:
        return replace(port, mtu=after)
    return replace(port, mtu=after or MTU) if before != after and port.mtu == (before or MTU) else port


def restarts(definition, live, stored=True):
    """True where a network has to be started anew to become ``definition``, which is ``stored`` or a transient network's."""
    return (as_stored if stored else as_given)(live, definition) != definition


def undone(item):
    """The state that was there before an Item was applied, told apart from what applying it may have put beside."""
    before, target = item.observed, item.target
    if before is None or target is None:
        return before
    kernel = before.kernel
    if kernel:
        kernel = replace(kernel, off=tuple(name for name in target.definition.bridge_ports if kernel.port(name) is None))
    return replace(before, kernel=kernel)


def expected(target, now, context):
    """``target`` with what libvirt generated for the state ``now``, and without ports that are gone from the host by now."""
    if target is None or now is None:
        return target
    stored, live, kernel = target.stored, target.live, target.kernel
    if stored and now.stored:
        stored = fill(stored, now.stored)
    if live and now.live:
        live = fill(live, now.live)
        live = live if restarts(live, now.live, stored is not None) else now.live
    if kernel:
        names = context.names()
        kernel = replace(kernel, ports=tuple(port for port in kernel.ports if port.name in names))
        target = replace(target, proxied=there(target.proxied, names))
    return replace(target, stored=stored, live=live, kernel=kernel)
