# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to the guest that is wanted, with its NICs."""

from __future__ import annotations

from dataclasses import replace

from ..errors import UnsupportedError, ValidationError, about
from ..model.guest import OWN_WORDS, CloudInit, Disk, Guest, WantedGuest, digested, over
from ..model.interface import Domain, made_mac
from ..model.option import read
from ..model.values import PATH, WORD
from .interface import interface

#: what a new guest has of options that a task leaves out, by the driver that runs it
NEW = {"QEMU": {"vcpus": 1, "os": "linux2022"}, "LXC": {"vcpus": 1, "init": "/sbin/init"}}
#: options that the other driver's guests have alone
NOT_OF = {"LXC": ("kernel", "initrd", "cmdline", "os", "cpu", "machine", "disks", "cloud_init"), "QEMU": ("init", "init_args", "filesystems")}
#: names of the files that cloud-init reads, in the order of libvirt's names of disks: 26 letters, one for the seed
MOST_DISKS = 25


def guest(params, mark, host):
    """(WantedGuest, its WantedInterfaces) of one set of virt_guest's options. ``host.guests`` knows what there is."""
    try:
        name = WORD.canonical(params["name"])
    except ValueError as err:
        raise ValidationError("name", params["name"], str(err)) from err
    guests = host.guests
    if guests.remote:
        raise UnsupportedError("uri leads to another host, and a guest is made with files of its host: run the task there, with a uri without a host's name")
    if guests.driver not in NEW:
        raise UnsupportedError(f"uri leads to libvirt's driver {guests.driver}: guests are made of QEMU and LXC; say qemu:///system or lxc:///system")
    given, held = read(Guest, params), guests.look(name)
    new = held is None or held.definition is None
    facts = {"state": params["state"], "lab": mark, "force": params["force"], "patience": params["shutdown_timeout"], "driver": guests.driver, "new": new,
             "directory": params["directory"], "macs": held.macs if held is not None else ()}
    if params["state"] == "absent":
        return WantedGuest(name, **facts), ()
    _check(given, guests.driver)
    _check_path("directory", params["directory"])
    uuid = guests.uuid(name) if new else held.uuid
    given = replace(given, disks=_disks(given.disks, name, params["directory"]))
    seed = None
    if new:
        given = _whole(given, guests.driver)
        host.interfaces.expect(Domain(name, uuid, guests.driver, running=params["state"] == "running"))
    _check_boot(over(Guest() if new else held.definition, given))
    if given.cloud_init is not None:
        meta = given.cloud_init.meta_data
        default = f"instance-id: {uuid}\nlocal-hostname: {name}\n"
        seed = CloudInit(given.cloud_init.user_data or "", default if meta is None else meta, given.cloud_init.network_config)
        given = replace(given, cloud_init=digested(given.cloud_init))
    nics = tuple(_nics(params["interfaces"] or (), name, uuid, mark, host))
    return WantedGuest(name, given, autostart=params["autostart"], uuid=uuid, seed=seed, nics=tuple(nic.name for nic in nics), **facts), nics


def _check(given, driver):
    for name in NOT_OF[driver]:
        if getattr(given, name) is not None:
            kind = "containers" if driver == "QEMU" else "machines"
            raise ValidationError(name, _short(getattr(given, name)), f"is for {kind}, and libvirt's driver {driver} runs this guest",
                                  "leave it out, or see uri")
    for number, word in enumerate(given.arguments or ()):
        name = word.partition("=")[0][2:]
        own = next((OWN_WORDS[each] for each in (name, *OWN_WORDS) if each in OWN_WORDS and each.startswith(name)), None)  # virt-install takes beginnings, too
        if own is not None:
            raise ValidationError(f"arguments[{number}]", word, "is not for this place", f"use {own}" if own else "leave it out: virt-install writes a "
                                  "definition, and the module does the rest")
    for number, folder in enumerate(given.filesystems or ()):
        for name in ("source", "target"):
            if getattr(folder, name) != "/":
                _check_path(f"filesystems[{number}].{name}", getattr(folder, name))
    for name in ("kernel", "initrd", "init"):
        if getattr(given, name):
            _check_path(name, getattr(given, name))


def _short(value):
    """An option's value, as far as an error can show it."""
    return value if isinstance(value, str) else "given"


def _check_path(name, value):
    try:
        PATH.canonical(value)
    except ValueError as err:
        raise ValidationError(name, value, str(err)) from err


def _check_boot(definition):
    for name in ("initrd", "cmdline"):
        if getattr(definition, name) and not definition.kernel:
            raise ValidationError(name, getattr(definition, name), "goes with a kernel, and the guest boots none", "say kernel, or leave it out")


def _disks(disks, name, directory):
    """Disks with what follows from what is not said of them; None where none are given."""
    if disks is None:
        return None
    if len(disks) > MOST_DISKS:
        raise ValidationError("disks", len(disks), f"must be {MOST_DISKS} at most")
    found = tuple(_disk(_placed(disk, number, directory), number, name, directory) for number, disk in enumerate(disks))
    for number, disk in enumerate(found):
        if disk.path in [each.path for each in found[:number]]:
            raise ValidationError(f"disks[{number}].path", disk.path, "is that of another of its disks", "give each a file of its own")
        if disk.path in [each.image for each in found]:
            raise ValidationError(f"disks[{number}].path", disk.path, "is an image that a disk is made from", "say another path")
    return found


def _placed(disk, number, directory):
    """A Disk with whole paths."""
    paths = {name: value if "/" in value else f"{directory}/{value}" for name in ("path", "image") if (value := getattr(disk, name))}
    for name, value in paths.items():
        _check_path(f"disks[{number}].{name}", value)
    return replace(disk, **paths)


def _disk(disk, number, name, directory):
    where = f"disks[{number}]."
    device = disk.device or "disk"
    if device == "cdrom" and (disk.made or not disk.path):
        raise ValidationError(f"{where}device", device, "is a medium that is there already", "say its path, and neither image nor size")
    if disk.backing and (not disk.image or disk.format == "raw"):
        raise ValidationError(f"{where}backing", True, "is for a disk with an image, in the format qcow2", "say image, or leave it out")
    if not disk.made and not disk.path:
        raise ValidationError(f"{where}size", None, "must be given for a disk that is to be made", "say size or image, or the path of one that is there")
    if not disk.made and not disk.format and device == "disk":
        raise ValidationError(f"{where}format", None, "must be given for a disk that is there already: what a guest wrote is not asked what it is",
                              "say raw or qcow2")
    form = disk.format or ("raw" if device == "cdrom" else "qcow2")
    path = disk.path or f"{directory}/{name}{f'-{number + 1}' if number else ''}.{'img' if form == 'raw' else form}"
    return Disk(path, disk.image, disk.backing or None, disk.size, form, disk.bus or ("sata" if device == "cdrom" else "virtio"), device, disk.boot_order)


def _whole(given, driver):
    """What a new guest is made with."""
    if given.memory is None:
        raise ValidationError("memory", None, "must be given for a guest that is to be made", "say how many MiB")
    left = {name: value for name, value in NEW[driver].items() if getattr(given, name) is None}
    return over(replace(given, **left), given)


def _nics(interfaces, name, uuid, mark, host):
    """WantedInterfaces of a guest's list. One that is known by nothing else has the MAC address of its place."""
    domain = host.interfaces.domain(name)
    for number, params in enumerate(interfaces):
        only = len(interfaces) == len(domain.nics) == 1
        named = params["mac"] or params["alias"] or only
        place = {} if named else {"mac": made_mac(uuid, str(number), ())}
        with about(f"interfaces[{number}]"):
            yield interface({**params, **place, "domain": name}, mark, host)
