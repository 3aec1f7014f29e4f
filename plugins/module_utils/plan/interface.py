# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done about guests' NICs. Pure: everything that is known of the host comes in as arguments."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from ..errors import InUseError, UnsupportedError, ValidationError, about
from ..model.interface import ATTACHMENT, Interface, InterfaceState, gives, over, report, same
from ..model.option import declared, differences
from . import interface_rules
from .interface_steps import UPDATED, changes_between, cut, mark_of, replugged, steps_between, unplugged
from .plan import NO_OTHERS, Grip, Item


def items_of(wanted, observed, context, others=NO_OTHERS):
    """Items for a list of WantedInterface over {name: InterfaceState or None}.

    ``context`` describes the rest of the host: ``domain(name)`` (the guest, a Domain), ``networks`` (NetworkStates by name), ``domains`` (of all guests),
    ``links`` (names of devices), ``filters`` (names), ``guests`` (NICs of running guests), ``version`` (libvirt's), ``remote``. ``others`` is what the plan
    does beside them.
    """
    networks = _Networks(context, others)
    _check_once(wanted)
    targets, items = {}, []
    for each in wanted:
        with about(f"interface {each.name}" if len(wanted) > 1 else ""):
            targets[each.name] = _turning(_target(each, observed[each.name], networks, context), context.domain(each.domain), others)
    for each in wanted:
        with about(f"interface {each.name}" if len(wanted) > 1 else ""):
            items.append(_item(each, observed[each.name], targets, networks, context, others))
    return items


class _Networks:
    """The networks as they are once the plan is carried out, looked up where that matters first."""

    def __init__(self, context, others):
        self._context, self._others = context, others

    @cached_property
    def states(self):
        """{name: NetworkState or None}."""
        return {**self._context.networks, **dict(self._others.networks)}

    def definition(self, nic):
        """The Network that an Interface is attached to, or None."""
        return interface_rules.definition_of(self.states.get(nic.network)) if nic.network is not None else None


def _check_once(wanted):
    """Raise ValidationError where two tasks mean the same NIC."""
    seen = {}
    for each in wanted:
        for nic in filter(None, each.held or ()):
            other = seen.setdefault((each.domain, nic.mac, nic.alias), each)
            if other is not each:
                raise ValidationError("interfaces", each.name, f"is the same NIC as {other.name}", "give each once")


def _item(wanted, state, targets, networks, context, others):
    target = targets[wanted.name]
    steps = steps_between(state, target)
    guests, warnings = (), []
    if any(step.verb not in ("mark", "forget") for step in steps):
        _check_kind(state)
        if target is not None:
            interface_rules.check(wanted, state, targets, networks.states, context, others)
            warnings = _warnings(wanted, state, target)
        if cut(state, target):
            guests = _guests(state, context)
    before = report(state)
    after = report(target) if steps else before
    return Item(wanted.family, wanted.kind, wanted.name, state, target, before, after, steps, tuple(changes_between(state, target, steps)), guests,
                tuple(warnings), grip(state), grip(target))


def _check_kind(state):
    """Raise UnsupportedError for a NIC that is attached to what this collection cannot say."""
    for nic in filter(None, (state.stored, state.live) if state is not None else ()):
        if not nic.known:
            kind = nic.kind if nic.kind not in ("network", "bridge", "direct") else nic.actual
            raise UnsupportedError(f"NIC {nic.mac} of guest {state.domain} is of type {kind}: this module changes those that are attached to a network, a "
                                   "bridge, or by a macvtap, and leaves all others alone; use virsh edit")


def _guests(state, context):
    """The NIC, as those that a change cuts off are told."""
    return tuple(guest for guest in context.guests if (guest.domain, guest.mac) == (state.domain, state.live.mac))


def _warnings(wanted, state, target):
    domain, found = wanted.domain, []
    waiting = []
    if target.live is not None and target.stored is not None and state is not None:
        held, kept = state.live or target.live, target.stored
        waiting = [] if same(target.live, target.stored) else _deferred(target, wanted)
        waiting += ["boot_order"] if held.boot_order != kept.boot_order and state.stored and state.stored.boot_order != kept.boot_order else []
    if waiting:
        found.append(f"{', '.join(waiting)}: stored, and waiting for the next start of guest {domain}")
    moved = state is not None and state.live and target.live and state.live.source != target.live.source
    if moved and not unplugged(state, target) and target.live.link == "up":
        found.append(f"guest {domain} is not told that its NIC leads elsewhere: it keeps the addresses that it has until it asks for others, as it does where "
                     "its link goes down and up again")
    return found


def _deferred(target, wanted):
    """Names of options that were asked for, and are stored alone."""
    names = dict.fromkeys(field.partition("[")[0].partition(".")[0] for field, *unused in differences(target.live, target.stored))
    return [name for name in names if name != "boot_order" and (getattr(wanted.given, name) is not None or name in ATTACHMENT)]


def _target(wanted, state, networks, context):
    """The InterfaceState that ``wanted`` asks for; None for absent."""
    if wanted.state == "absent":
        return None
    domain, given = context.domain(wanted.domain), wanted.given
    if state is None:
        nic = _led(over(Interface(kind="", link="up"), given), networks)
        live = replace(nic, boot_order=None) if domain.boots else nic  # one that runs by kinds takes none
        return InterfaceState(domain.name, nic if domain.persistent else None, live if domain.running else None, mark_of(nic, wanted.lab), domain.updates,
                              domain.persistent, domain.boots)
    stored = over(state.stored or state.live, given) if domain.persistent else None
    live = _live(wanted, state, domain, networks) if domain.running else None
    mark, nic = state.mark, stored or live
    if mark is not None and (nic.mac, nic.alias) != (state.definition.mac, state.definition.alias):
        mark = mark_of(nic, mark.lab)
    return InterfaceState(domain.name, stored, live, mark, domain.updates, domain.persistent, domain.boots)


def _turning(target, domain, others):
    """A target (or None) of a guest that the same plan starts or stops, once its NICs are as they shall be."""
    turning = target is not None and dict(others.powering).get(target.domain, domain.running) != domain.running
    return replace(target, turning=True) if turning else target


def _led(nic, networks):
    """An Interface with the type of what its network leads to, as far as that is known."""
    definition = networks.definition(nic)
    if definition is None:
        return replace(nic, actual=nic.kind)
    if definition.owns_bridge:
        return replace(nic, actual="network")
    bridged = definition.mode == "bridge" and definition.bridge_name
    return replace(nic, actual="bridge" if bridged else "hostdev" if definition.mode == "hostdev" else "direct")


def _live(wanted, state, domain, networks):
    """What the running guest is to have of it: what it has, where that will do or is to stay for now."""
    held = state.live
    if held is None:
        return _led(over(state.stored, wanted.given), networks)
    whole = over(held, wanted.given)
    if whole.source != held.source:
        whole = _led(whole, networks)
    whole = _same_group(held, whole, networks)
    if same(held, whole):
        return held
    if domain.updates and not replugged(held, whole):
        return replace(whole, boot_order=held.boot_order)
    if wanted.on_replug == "replug":
        return whole
    fields = ", ".join(dict.fromkeys(field for field, *unused in differences(held, whole)))
    if wanted.on_replug == "never":
        raise InUseError(f"NIC {held.mac} of guest {domain.name} is in use ({held.device}): a change of {fields} takes it to be unplugged and plugged anew, "
                         "and on_replug is 'never'; use replug, which does that, or defer, which waits for the guest's next start")
    if not domain.persistent:
        raise ValidationError("on_replug", "defer", f"guest {domain.name} is transient, and has no next start that the change could wait for", "choose another")
    return _nearest(held, wanted.given, domain, networks)


def _nearest(held, given, domain, networks):
    """What of a live NIC can become as it is asked for while the guest runs."""
    if not domain.updates:
        return held
    some = replace(given, **{name: None for name, unused in declared(Interface) if name not in UPDATED})
    whole = over(held, some)
    whole = _same_group(held, _led(whole, networks) if whole.source != held.source else whole, networks)
    if same(held, whole):
        return held
    if replugged(held, whole):  # it goes to what is no bridge
        whole = over(held, replace(some, **dict.fromkeys(ATTACHMENT)))
    return replace(whole, boot_order=held.boot_order)


def _same_group(held, whole, networks):
    """A live NIC whose portgroup alone changes, and gives the same, stays in the other: libvirt passes over an update that comes to nothing."""
    if held.network != whole.network or held.portgroup == whole.portgroup or (definition := networks.definition(whole)) is None:
        return whole
    before, after = ({**gives(definition, each.portgroup), "trust_guest_rx_filters": None} for each in (held, whole))
    return replace(whole, portgroup=held.portgroup) if before == after else whole


def grip(state):
    """The Grip of an InterfaceState or None: the networks, bridges and devices that it is attached to."""
    nics = [each for each in (state.stored, state.live) if each] if state is not None else []
    return Grip(uses=frozenset(name for nic in nics for name in ((("network", nic.network),) if nic.network else (nic.bridge, nic.dev))) - {None})


def expected(target, now):
    """``target`` with what libvirt generated for the state ``now``."""
    if target is None or now is None:
        return target
    live = now.live if target.turning else _filled(target.live, now.live)
    return replace(target, stored=_filled(target.stored, now.stored), live=live)


def _filled(nic, now):
    """An Interface with what libvirt added to it, which is no difference; what it lost is one."""
    if nic is None or now is None:
        return nic
    added = all(part in now.unknown for part in nic.unknown)
    port = now.virtualport if nic.virtualport and now.virtualport and nic.virtualport.type == now.virtualport.type else nic.virtualport
    return replace(nic, model=nic.model or now.model, mode=nic.mode or (now.mode if nic.kind == "direct" else None), actual=now.actual, virtualport=port,
                   unknown=now.unknown if added else nic.unknown)
