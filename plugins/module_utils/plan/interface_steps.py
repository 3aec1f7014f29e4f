# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps from one state of a guest's NIC to another, and what they come to, each with its price. Pure, as all plans.

Source of what a running guest's NIC takes: qemuDomainChangeNet in libvirt's src/qemu/qemu_hotplug.c, 9.0 to 11.3.
"""

from __future__ import annotations

from dataclasses import replace

from ..model.interface import Mark, same
from ..model.option import differences
from .plan import Change, Step

#: libvirt's two views of a guest, and both
STORED, LIVE = "stored", "live"
BOTH = (STORED, LIVE)
#: what libvirt changes while the guest runs; all else is what a NIC is plugged with
UPDATED = frozenset({"network", "portgroup", "bridge", "link", "vlan", "bandwidth", "filterref", "isolated", "trust_guest_rx_filters"})
#: of these what cuts a guest off from where it is
CUTTING = frozenset({"network", "bridge", "vlan"})
#: by which of libvirt's views its NIC is found, so that an update cannot change it
IDENTITY = ("mac", "alias")
NOTHING = (None, None, None)
NO_CHANGE = (None, None, "")


def steps_between(state, target):
    """The steps that turn one InterfaceState (or None) into another; each that is left out by a kill leaves a state to go on from.

    The mark comes first and goes last, so that what is there is known to be ours. A NIC is unplugged before it is gone from what is stored, as the guest may
    not let go of it. What is plugged anew is always stored: where the guest is not, in its metadata for the while.
    """
    stored, live, mark = _views(state)
    to_store, to_live, to_mark = _views(target)
    steps = [Step("mark", to_mark)] if to_mark is not None and to_mark != mark else []
    if to_store is not None and to_store.boot_order and target.boots and to_store.boot_order != (stored.boot_order if stored else None):
        steps.append(Step("places", to_store.mac))
    if stored is None and live is None and to_store is not None and to_store == to_live:
        return (*steps, Step("attach", (to_store, BOTH)))
    to_plug = _plugging(live, to_live, (state or target) is None or (state or target).updates)
    if (state or target) is not None and not (state or target).persistent:
        anew = len(to_plug) > 1 and stored != to_live
        steps += [*([Step("remember", to_live)] if anew else []), *to_plug, *([Step("forget", stored or to_live)] if anew or stored else [])]
    elif to_store is None:
        steps += [*to_plug, *([Step("detach", (stored, STORED))] if stored else [])]
    else:
        steps += [*_storing(stored, to_store), *to_plug]
    if target is None and mark is not None:
        steps.append(Step("mark", replace(mark, lab=None)))
    return tuple(steps)


def leftovers(item, now):
    """Steps for what is left of a NIC that is not there and shall not be: its mark."""
    marks = [step.value for step in item.steps if step.verb == "mark"]
    return tuple(Step("mark", replace(each, lab=None)) for each in marks) if now is None and item.observed is None else ()


def _views(state):
    return (state.stored, state.live, state.mark) if state is not None else NOTHING


def _storing(held, wanted):
    """Steps of the stored view, none of which leaves it without the NIC."""
    if held == wanted:
        return []
    if held is None:
        return [Step("attach", (wanted, (STORED,)))]
    found = all(getattr(held, name) == getattr(wanted, name) for name in IDENTITY)
    return [Step("update", (wanted, STORED)) if found else Step("replace", (wanted, held))]


def _plugging(held, wanted, updates):
    """Steps of the live view."""
    if same(held, wanted):
        return []
    if held is not None and wanted is not None and updates and not replugged(held, wanted):
        return [Step("update", (wanted, LIVE))]
    return [*([Step("detach", (held, LIVE))] if held else []), *([Step("attach", (wanted, (LIVE,)))] if wanted else [])]


def replugged(held, wanted):
    """True where a live NIC becomes another only by being unplugged and plugged anew: also where it goes from or to what is no bridge."""
    moved = (held.network, held.bridge) != (wanted.network, wanted.bridge)
    bridged = all(each.actual in ("network", "bridge", None) and each.kind in ("network", "bridge") for each in (held, wanted))
    return moved and not bridged or any(_option(field) not in {*UPDATED, "boot_order"} for field, *unused in differences(held, wanted))


def _option(field):
    """The option that a field's path begins with."""
    return field.partition("[")[0].partition(".")[0]


def unplugged(state, target):
    """True where a running guest loses the NIC, if only for a moment."""
    if state is None or state.live is None:
        return False
    live = target.live if target is not None else None
    return live is None or not same(state.live, live) and (not state.updates or replugged(state.live, live))


def cut(state, target):
    """True where a running guest is cut off from where it is."""
    if state is None or state.live is None:
        return False
    return unplugged(state, target) or any(_cuts(field, after) for field, unused, after in differences(state.live, target.live))


def _cuts(field, after):
    return _option(field) in CUTTING or (field, after) == ("link", "down")


def changes_between(state, target, steps):
    """The Changes that ``steps``, those of steps_between(), come to. What cuts a running guest off, by itself or as the NIC is plugged anew, is a restart."""
    if not steps:
        return
    gone = unplugged(state, target)
    if state is None or target is None:
        yield Change("state", *("absent" if each is None else "present" for each in (state, target)), "restart" if gone else "live")
        return
    fields = {}
    views = ((LIVE, state.live, target.live), *(((STORED, state.stored, target.stored),) if state.persistent else ()))
    for view, held, wanted in views:
        if held is None or wanted is None:
            if held is not wanted:
                yield Change(view, *("absent" if each is None else "present" for each in (held, wanted)), "restart" if gone and view == LIVE else "live")
            continue
        for field, before, after in differences(held, wanted):
            if view == STORED or field != "boot_order":
                dear = view == LIVE and (_cuts(field, after) or gone and _replugs(state, field)) or fields.get(field, NO_CHANGE)[-1] == "restart"
                fields[field] = (before, after, "restart" if dear else "live")
        if held.unknown != wanted.unknown:
            fields[f"{view}.unknown"] = (*([f"{path} {content}".strip() for path, content in each.unknown] for each in (held, wanted)), "live")
    yield from (Change(field, *each) for field, each in fields.items())


def _replugs(state, field):
    """True where a field is one that the NIC is plugged anew for."""
    return not state.updates or _option(field) not in UPDATED


def mark_of(nic, lab):
    """The Mark of an Interface that is a lab's."""
    return Mark(nic.mac, nic.alias, lab)
