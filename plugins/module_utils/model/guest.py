# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest: what it is made from and of, what can be changed of it afterwards, and what is known of it on a host."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Optional

from .option import declared, option, options, plain
from .values import BOOL, DOCUMENT, LINE, SIZE, TEXT, VIRT_INSTALL, integer, one_of

#: options of virt-install(1) that are not for ``arguments``, and ours in their place: what these say, and what would have it do more, or less, than write a
#: definition
OWN_WORDS = {
    "arch": "arch", "autoconsole": "", "autostart": "autostart", "bridge": "interfaces", "cdrom": "disks", "check": "", "check-cpu": "",
    "cloud-init": "cloud_init", "connect": "uri", "container": "init", "cpu": "cpu", "debug": "", "destroy-on-exit": "", "disk": "disks", "dry-run": "",
    "extra-args": "cmdline", "file": "disks", "file-size": "disks", "filesystem": "filesystems", "force": "", "help": "", "import": "disks", "init": "init",
    "initrd-inject": "initrd", "install": "kernel", "livecd": "disks", "location": "kernel", "mac": "interfaces", "machine": "machine", "memory": "memory",
    "metadata": "title", "name": "name", "network": "interfaces", "noautoconsole": "", "nodisks": "disks", "nonetworks": "interfaces", "noreboot": "state",
    "os-type": "os", "os-variant": "os", "osinfo": "os", "print-step": "", "print-xml": "", "prompt": "", "pxe": "interfaces", "quiet": "", "ram": "memory",
    "reinstall": "", "test-media-detection": "", "transient": "", "unattended": "", "uuid": "name", "vcpus": "vcpus", "version": "", "wait": "",
}
#: a namespace of our own for UUIDs, so that a guest that is made anew has the one that it had
GUESTS = uuid.UUID("6b1f8f4a-7c0e-5f0b-9b59-0f6a3a1f5d11")


@dataclass(frozen=True)
class Disk:
    """A disk. One with ``image`` or ``size`` is a file that is made with the guest; any other is there already."""

    path: Optional[str] = option(
        LINE, "File of the disk, a whole path or a name in C(directory). Where it is not given it is the guest's name there, from the second disk on with its "
        "number behind it.")
    image: Optional[str] = option(
        LINE, "Image on the host that the disk is made from, a whole path or a name in C(directory). It is copied, or with O(backing) built upon, and "
        "never changed.")
    backing: Optional[bool] = option(
        BOOL, "The disk has only what differs from O(image), which must stay as and where it is for as long as the guest is there. It is a qcow2.")
    size: Optional[str] = option(
        SIZE, "Its size, such as V(20G). With an image that size or more; the file system in it is the guest's to grow. Without an image the disk is empty.")
    format: Optional[str] = option(
        one_of("qcow2", "raw"), "Format of the disk's file. V(qcow2) where it is made and this is not given; needed for a disk that is there already.")
    bus: Optional[str] = option(
        one_of("virtio", "scsi", "sata", "usb", "ide"), "What the guest sees it on; V(virtio), and for a CD V(sata), where it is not given.")
    device: Optional[str] = option(one_of("disk", "cdrom"), "V(cdrom) is a medium in a drive, which is there already, and is only read; else V(disk).")
    boot_order: Optional[int] = option(
        integer(1, 65535), "Place in the order of devices that the guest boots from, as of a NIC. Without any a guest boots from its first disk.")

    @property
    def made(self):
        """True where its file is made with the guest, and goes with it."""
        return bool(self.image or self.size)


@dataclass(frozen=True)
class Filesystem:
    """``<filesystem>`` of a container: a folder of the host's."""

    source: Optional[str] = option(LINE, "Folder of the host's, a whole path.", required=True)
    target: Optional[str] = option(LINE, "Where the guest has it.", required=True)
    readonly: Optional[bool] = option(BOOL, "The guest cannot write there.")


@dataclass(frozen=True)
class CloudInit:
    """What cloud-init reads at a guest's first boot."""

    user_data: Optional[str] = option(
        DOCUMENT, "C(user-data): a text, byte for byte, which begins with C(#cloud-config) or C(#!); or a mapping, which is written as YAML below "
        "C(#cloud-config).", secret=True)
    meta_data: Optional[str] = option(
        DOCUMENT, "C(meta-data): a text or a mapping. Where it is not given it has the guest's UUID as instance-id, and its name.")
    network_config: Optional[str] = option(
        DOCUMENT, "C(network-config): a text or a mapping. Where it is not given there is none, and cloud-init has the first NIC ask by DHCP.")


@dataclass(frozen=True)
class Guest:
    """A guest. Of what a task gives, None is what it leaves alone."""

    title: Optional[str] = option(LINE, "Title, empty for none.")
    description: Optional[str] = option(TEXT, "Description, empty for none.")
    memory: Optional[int] = option(integer(1, 2**31), "Memory in MiB. Must be given for a guest that is to be made.")
    vcpus: Optional[int] = option(integer(1, 4096), "Number of virtual processors; 1 where it is not given.")
    kernel: Optional[str] = option(LINE, "Kernel on the host that the guest boots, empty for none: it boots from its disks then.")
    initrd: Optional[str] = option(LINE, "Initial file system on the host for O(kernel), empty for none.")
    cmdline: Optional[str] = option(LINE, "Command line of O(kernel), empty for none.")
    init: Optional[str] = option(LINE, "Program that a container begins with. A new one has V(/sbin/init) where it is not given.")
    init_args: Optional[tuple] = options(LINE, "Its arguments.", ordered=True, unset=None)
    os: Optional[str] = option(
        LINE, "Operating system of the guest, a short name of libosinfo's, such as V(debian12), which virt-install chooses devices by; C(osinfo-query os) "
        "lists them. A new guest of QEMU has V(linux2022), any present Linux, where it is not given.")
    cpu: Optional[str] = option(LINE, "Processor that the guest sees, as virt-install's C(--cpu) takes it, such as V(host-passthrough).")
    machine: Optional[str] = option(LINE, "Machine type, such as V(q35). virt-install's choice where it is not given.")
    arch: Optional[str] = option(LINE, "Architecture, such as V(aarch64). The host's where it is not given.")
    arguments: Optional[tuple] = options(
        VIRT_INSTALL, "More options of virt-install(1), each one word such as V(--sound=none), for what has no option here.", ordered=True, unset=None)
    disks: Optional[tuple] = options(Disk, "Disks, in the order in which the guest has them.", key=("path",), ordered=True, unset=None)
    filesystems: Optional[tuple] = options(Filesystem, "Folders of the host's that a container has.", key=("target",), ordered=True, unset=None)
    cloud_init: Optional[CloudInit] = option(
        CloudInit, "What cloud-init reads. It is on a disk of its own, made once with the guest and removed with it.")


#: options of which libvirt's definition tells what they are: what differs is stored, for the guest's next start
STORED = ("title", "description", "memory", "vcpus", "kernel", "initrd", "cmdline", "init", "init_args")
#: all others: a guest is made with them, and they are written down then
BORN = tuple(name for name, unused in declared(Guest) if name not in STORED)


class Image(NamedTuple):
    """What an image is: its format, its size in bytes, and whether it is built upon another."""

    format: str
    size: int
    backed: bool = False


@dataclass(frozen=True)
class GuestState:
    """A guest on a host, or one that a run has begun to make or to remove.

    ``definition`` is None where libvirt has no such guest. ``files`` are those that were made with it and go with it; ``begun`` those that are written down
    outside of it, as no guest has them yet, or any more. Of a target that is to be made ``nics`` are InterfaceStates, and ``seed`` is what cloud-init reads,
    whose file is the last of ``files``. ``document`` is the stored definition in libvirt's words. ``uses`` is what its NICs are attached to, as grips have it.
    Of a target that does not run ``patience`` is the seconds that it has to shut down by itself, None for none.
    """

    name: str
    definition: Optional[Guest] = None
    uuid: Optional[str] = None
    lab: Optional[str] = None
    running: bool = False
    autostart: bool = False
    files: tuple = ()
    begun: tuple = ()
    persistent: bool = field(default=True, compare=False)
    driver: str = field(default="QEMU", compare=False)
    nics: tuple = field(default=(), compare=False)
    seed: Any = field(default=None, compare=False, repr=False)
    document: Optional[str] = field(default=None, compare=False, repr=False)
    uses: tuple = field(default=(), compare=False)
    macs: tuple = field(default=(), compare=False)
    patience: Optional[int] = field(default=None, compare=False)


@dataclass(frozen=True)
class WantedGuest:
    """A guest as a task asks for it. ``given`` is what its options say; of one that is ``new`` it is whole, and ``seed`` the CloudInit that it reads."""

    name: str
    given: Optional[Guest] = None
    state: str = "running"
    autostart: Optional[bool] = None
    lab: str = "default"
    force: bool = False
    patience: int = 60
    new: bool = False
    uuid: Optional[str] = None
    driver: str = "QEMU"
    directory: str = ""
    seed: Optional[CloudInit] = field(default=None, repr=False)
    nics: tuple = ()
    macs: tuple = ()
    family = kind = "guest"
    #: names of devices that come and go with it, as other families count them: none
    coming = leaving = leading = serving = ()

    @property
    def moving(self):
        """((domain, MAC address, None),) of the NICs of a guest that goes."""
        return tuple((self.name, mac, None) for mac in self.macs) if self.state == "absent" else ()


def made_uuid(machine, name, taken):
    """The UUID for a new guest of a machine (a text that tells it from others): one that none of ``taken`` is, and else always the same."""
    for number in range(len(taken) + 1):
        found = str(uuid.uuid5(GUESTS, f"{machine} {name} {number}"))
        if found not in taken:
            return found
    raise AssertionError("of one more than are taken one is free")


def digested(cloud_init):
    """A CloudInit with a digest in the place of each text, which may be secret; of one that has been there, itself."""
    texts = {name: getattr(cloud_init, name) for name, unused in declared(CloudInit)}
    return CloudInit(**{name: f"sha256:{hashlib.sha256(text.encode()).hexdigest()}" for name, text in texts.items() if text is not None})


def over(held, given):
    """A Guest that is there with what can be changed of it as a task says it: what is empty is taken away."""
    said = {name: getattr(given, name) for name in STORED if getattr(given, name) is not None}
    return replace(held, **{name: None if value in ("", ()) else value for name, value in said.items()})


def report(state):
    """A guest's state as a result shows it."""
    if state is None or state.definition is None:
        return {"state": "absent", **({"left": list(state.begun)} if state is not None and state.begun else {})}
    return {"name": state.name, "state": "running" if state.running else "shutoff", "uuid": state.uuid, "autostart": state.autostart,
            **plain(state.definition), "lab": state.lab}
