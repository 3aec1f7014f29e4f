# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done about guests. Pure: everything that is known of the host comes in as arguments."""

from __future__ import annotations

from ..errors import UnsupportedError, ValidationError, about
from ..model import interface as nics
from ..model.guest import BORN, STORED, CloudInit, GuestState, over, report
from ..model.option import declared
from .guest_steps import changes_between, steps_between
from .plan import NO_OTHERS, Grip, Item

#: bytes of the units of sizes
UNITS = {"M": 2**20, "G": 2**30, "T": 2**40}


def items_of(wanted, observed, context, others=NO_OTHERS):
    """Items for a list of WantedGuests over {name: GuestState or None}.

    ``context`` describes the rest of the host: ``there(path)`` (whether there is such a file), ``folder(path)`` (or such a folder), ``image(path)`` (an Image),
    ``disks`` ({path: name of the guest that writes to it}), ``guests`` (NICs of running guests). ``others.plugging`` has the Items of their NICs: of a guest
    that is made they are brought about with it.
    """
    items, taken = [], {}
    for each in wanted:
        with about(f"guest {each.name}" if len(wanted) > 1 else ""):
            item = _item(each, observed[each.name], context, others)
            _check_files(each, observed[each.name], taken, context)
            items.append(item)
    return items


def _item(wanted, state, context, others):
    within = tuple(item for item in others.plugging if item.target is not None and item.target.domain == wanted.name) if wanted.new else ()
    target = _target(wanted, state, within)
    steps = steps_between(state, target)
    if state is not None and not state.persistent:
        _check_transient(wanted, steps)
    before = report(state)
    needs = () if wanted.new else tuple(item.id for item in others.plugging if item.steps and item.key in wanted.nics)
    notes = {"interfaces": [nics.report(item.target) for item in within]} if within else {}
    after = {**report(target), **notes} if steps else before
    guests = ()
    if any(step.verb == "stop" for step in steps):
        guests = tuple(guest for guest in context.guests if guest.domain == wanted.name and guest.driver == wanted.driver)
    return Item(wanted.family, wanted.kind, wanted.name, state, target, before, after, steps, tuple(changes_between(state, target, steps)), guests,
                tuple(_warnings(wanted, state, target)), grip(state), grip(target), needs, notes=notes, within=within)


def _target(wanted, state, within):
    """The GuestState that ``wanted`` asks for; None for absent."""
    if wanted.state == "absent":
        return None
    running = wanted.state == "running"
    patience = None if wanted.force else wanted.patience
    if wanted.new:
        files = [disk.path for disk in wanted.given.disks or () if disk.made]
        files += [f"{wanted.directory}/{wanted.name}-seed.iso"] if wanted.seed is not None else []
        states = tuple(item.target for item in within)
        autostart = running if wanted.autostart is None else wanted.autostart
        uses = tuple(use for each in states for use in _uses(each.stored))
        return GuestState(wanted.name, wanted.given, wanted.uuid, wanted.lab, running, autostart, tuple(files), driver=wanted.driver, nics=states,
                          seed=wanted.seed, uses=uses, patience=patience)
    definition = over(state.definition, wanted.given)
    autostart = state.autostart if wanted.autostart is None else wanted.autostart
    return GuestState(wanted.name, definition, state.uuid, state.lab, running, autostart, state.files, driver=wanted.driver, uses=state.uses,
                      patience=patience)


def _uses(nic):
    return [each for each in ((("network", nic.network) if nic.network else None), nic.bridge, nic.dev) if each]


def _check_transient(wanted, steps):
    """Raise UnsupportedError for what cannot be stored of a guest that is not."""
    if wanted.state == "shutoff" or any(step.verb not in ("stop", "forget") for step in steps):
        raise UnsupportedError(f"guest {wanted.name} is transient: it runs, and is stored nowhere, so that it can be removed and nothing else. Define it first "
                               "(virsh dumpxml, virsh define), or remove it (state: absent) and have it made")


def _check_files(wanted, state, taken, context):
    """Raise ValidationError for files that a guest cannot be made with. ``taken`` is {path: guest} of those that others of the plan have, to be added to."""
    if wanted.state == "absent":
        return
    held = state.definition if state is not None else None
    for name in ("kernel", "initrd"):
        path = getattr(wanted.given, name)
        if path and path != getattr(held, name, None) and not context.there(path):
            raise ValidationError(name, path, "the host has no such file", "give the path that it has there")
    if not wanted.new:
        return
    for number, folder in enumerate(wanted.given.filesystems or ()):
        if not context.folder(folder.source):
            raise ValidationError(f"filesystems[{number}].source", folder.source, "the host has no such folder", "make it first")
    begun = state.begun if state is not None else ()
    for number, disk in enumerate(wanted.given.disks or ()):
        where = f"disks[{number}]."
        other = {**context.disks, **taken}.get(disk.path)
        if other is not None and disk.device == "disk":
            raise ValidationError(f"{where}path", disk.path, f"is a disk of guest {other}: two that write to it would destroy it", "give it a file of its own")
        taken.update({disk.path: wanted.name} if disk.device == "disk" else {})
        _check_disk(where, disk, begun, context)
    seed = f"{wanted.directory}/{wanted.name}-seed.iso"
    if wanted.seed is not None:
        _check_new(f"cloud_init: {seed}", seed, begun, context)


def _check_disk(where, disk, begun, context):
    if not disk.made:
        if not context.there(disk.path):
            raise ValidationError(f"{where}path", disk.path, "the host has no such file", "say image or size for a disk that is to be made")
        return
    _check_new(f"{where}path", disk.path, begun, context)
    if disk.image is None:
        return
    if not context.there(disk.image):
        raise ValidationError(f"{where}image", disk.image, "the host has no such file", "put it there first, as the role guests does")
    image = context.image(disk.image)
    if disk.size is not None and int(disk.size[:-1]) * UNITS[disk.size[-1]] < image.size:
        raise ValidationError(f"{where}size", disk.size, f"is less than that of the image, {-(-image.size // 2**20)}M, which would cut it off",
                              "say more, or leave it out")


def _check_new(name, path, begun, context):
    """Raise ValidationError for a file that cannot be made. Those that an interrupted run has begun are not in the way."""
    if context.there(path) and path not in begun:
        raise ValidationError(name.partition(":")[0], path, "there is such a file already, which is never written over",
                              "say another path, or remove it; a disk that the guest shall have as it is has neither image nor size")
    if not context.folder(path.rpartition("/")[0]):
        raise ValidationError(name.partition(":")[0], path, "the host has no such folder", "make it first, or say another directory")


def _warnings(wanted, state, target):
    if wanted.new or target is None:
        return
    other = _born_otherwise(wanted, state)
    if other and state.lab is None:
        yield (f"{', '.join(other)}: what a guest is made with, and this one was not made by a task of this collection, so that it is not known whether it "
               "has that; it is left as it is")
    elif other:
        yield (f"{', '.join(other)}: what a guest is made with, and this one was made with something else, which it keeps. It can be removed with its disks "
               "(state: absent) and made anew")
    changed = [name for name in STORED if getattr(state.definition, name) != getattr(target.definition, name)]
    if changed and state.running and target.running:
        yield f"{', '.join(changed)}: stored, and waiting for the next start of guest {wanted.name}"


def _born_otherwise(wanted, state):
    """Names of options that a guest is made with, and this one was not, as far as that is known."""
    pairs = [(name, getattr(wanted.given, name), getattr(state.definition, name)) for name in BORN if name != "cloud_init"]
    found = [name for name, given, held in pairs if given is not None and given != held]
    if wanted.given.cloud_init is not None:
        held = state.definition.cloud_init or CloudInit()
        texts = [(name, getattr(wanted.given.cloud_init, name), getattr(held, name)) for name, unused in declared(CloudInit)]
        found += [f"cloud_init.{name}" for name, given, kept in texts if given is not None and given != kept]
    return found


def grip(state):
    """The Grip of a GuestState or None: the networks, bridges and devices that its NICs are attached to."""
    return Grip(uses=frozenset(state.uses)) if state is not None else Grip()
