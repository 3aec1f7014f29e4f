# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""libvirt's ``<domain>`` as far as guests are made and changed: read, completed, and changed. Source: https://libvirt.org/formatdomain.html"""

from __future__ import annotations

import json
import string
from dataclasses import replace

from .. import deps
from ..model.guest import BORN, STORED, Disk, Guest
from ..model.option import plain, read
from . import interface_xml, xml_table

#: where a guest's mark stands in its metadata, and the prefix that it is written with
NAMESPACE, PREFIX = "urn:virtlab:guest:1", "virtlab"
METADATA = f"metadata/{{{NAMESPACE}}}guest"
#: options that are the text of an element, by its path
TEXTS = {"title": "title", "description": "description", "vcpus": "vcpu", "kernel": "os/kernel", "initrd": "os/initrd", "cmdline": "os/cmdline",
         "init": "os/init"}
#: bytes of a unit of memory, by libvirt's word for it (virScaleInteger in src/util/virutil.c)
UNITS = {"b": 1, "bytes": 1, "KB": 1000, "k": 1024, "KiB": 1024, "MB": 10**6, "M": 2**20, "MiB": 2**20, "GB": 10**9, "G": 2**30, "GiB": 2**30,
         "TB": 10**12, "T": 2**40, "TiB": 2**40}
MIB = 2**20
#: how guests name disks of each bus
PREFIXES = {"virtio": "vd", "ide": "hd"}


def parse(document):
    """(Guest, lab, files that were made with it) of a stored ``<domain>`` document; the lab is None where it bears no mark of ours."""
    root = xml_table.parse(document, interface_xml.SOURCE)
    mark = root.find(METADATA)
    born = read(Guest, json.loads(mark.findtext("made") or "{}"), strict=False) if mark is not None else Guest()
    found = {name: root.findtext(path) or None for name, path in TEXTS.items()}
    found["vcpus"] = int(found["vcpus"] or 1)
    found["init_args"] = tuple(each.text or "" for each in root.iterfind("os/initarg")) or None
    memory = root.find("memory")
    size = int(memory.text) * UNITS[memory.get("unit", "KiB")] / MIB
    found["memory"] = int(size) if size == int(size) else size
    files = tuple(each.text for each in mark.iterfind("file")) if mark is not None else ()
    return replace(born, **found), mark.get("lab") if mark is not None else None, files


def uses(document):
    """(networks, bridges and devices that a guest's NICs are attached to, as grips count them; their MAC addresses)"""
    domain = interface_xml.domain(None, document)
    nics = [nic for nic in domain.stored if nic.known]
    return tuple(("network", nic.network) if nic.network else nic.bridge or nic.dev for nic in nics), tuple(nic.mac for nic in domain.stored)


def made(printed, target):
    """What virt-install printed (text), as the GuestState ``target`` has it: its name, NICs, disks and mark."""
    root = xml_table.parse(printed, "what virt-install printed")
    _set(root, "name", target.name)
    _set(root, "uuid", target.uuid)
    _fill(root, Guest(), target.definition)
    devices = root.find("devices")
    places = {}
    for disk in target.definition.disks or ():
        devices.append(_disk(disk, places))
    if target.seed is not None:
        seed = _disk(_seed(target), places)
        deps.etree().SubElement(seed, "readonly")
        devices.append(seed)
    for folder in target.definition.filesystems or ():
        devices.append(_filesystem(folder))
    nics = [state.stored for state in target.nics]
    for nic in nics:
        devices.append(xml_table.parse(interface_xml.build(nic), interface_xml.SOURCE))
    if any(each.boot_order for each in (*nics, *(target.definition.disks or ()))):  # libvirt takes one of the two
        for each in root.findall("os/boot"):
            each.getparent().remove(each)
    _marked(root, target)
    return xml_table.text(root)


def changed(document, held, definition):
    """A ``<domain>`` document (text) with those options of a Guest that differ from ``held``."""
    root = xml_table.parse(document, interface_xml.SOURCE)
    _fill(root, held, definition)
    return xml_table.text(root)


def _fill(root, held, definition):
    for name in STORED:
        value = getattr(definition, name)
        if value == getattr(held, name):
            continue
        if name == "memory":
            for path in ("memory", "currentMemory"):
                _set(root, path, str(value)).set("unit", "MiB")
        elif name == "vcpus":
            _set(root, "vcpu", str(value)).attrib.pop("current", None)
        elif name == "init_args":
            for each in root.findall("os/initarg"):
                each.getparent().remove(each)
            for text in value or ():
                deps.etree().SubElement(root.find("os"), "initarg").text = text
        else:
            _set(root, TEXTS[name], value)


def _set(root, path, text):
    """Have an element of a path have a text, or none where that is None; the element."""
    found = root.find(path)
    if text is None:
        if found is not None:
            found.getparent().remove(found)
        return None
    if found is None:
        above, unused, tag = path.rpartition("/")
        found = deps.etree().SubElement(root.find(above) if above else root, tag)
    found.text = text
    return found


def _seed(target):
    """The Disk that cloud-init reads. It is no CD: Debian's cloud kernel has no driver for its drive, and others may find it when cloud-init has looked."""
    disks = [disk for disk in target.definition.disks or () if disk.device == "disk"]
    return Disk(target.files[-1], format="raw", bus=disks[0].bus if disks else "virtio", device="disk")


def _disk(disk, places):
    """The ``<disk>`` of a Disk. ``places`` counts how many there are by the prefix of their names."""
    etree = deps.etree()
    element = etree.Element("disk", type="file", device=disk.device)
    etree.SubElement(element, "driver", name="qemu", type=disk.format)
    etree.SubElement(element, "source", file=disk.path)
    prefix = PREFIXES.get(disk.bus, "sd")
    number = places[prefix] = places.get(prefix, -1) + 1
    etree.SubElement(element, "target", dev=prefix + string.ascii_lowercase[number], bus=disk.bus)
    if disk.device == "cdrom":
        etree.SubElement(element, "readonly")
    if disk.boot_order:
        etree.SubElement(element, "boot", order=str(disk.boot_order))
    return element


def _filesystem(folder):
    etree = deps.etree()
    element = etree.Element("filesystem", type="mount", accessmode="passthrough")
    etree.SubElement(element, "source", dir=folder.source)
    etree.SubElement(element, "target", dir=folder.target)
    if folder.readonly:
        etree.SubElement(element, "readonly")
    return element


def _marked(root, target):
    """Write down whose a guest and its NICs are, what it was made with, and which files go with it."""
    etree = deps.etree()
    holder = root.find("metadata")
    holder = etree.SubElement(root, "metadata") if holder is None else holder
    mark = etree.SubElement(holder, f"{{{NAMESPACE}}}guest", nsmap={PREFIX: NAMESPACE}, lab=target.lab)
    born = {name: value for name, value in plain(target.definition).items() if name in BORN}
    etree.SubElement(mark, "made").text = json.dumps(born)
    for file in target.files:
        etree.SubElement(mark, "file").text = file
    text = interface_xml.metadata([state.mark for state in target.nics if state.mark is not None])
    if text is not None:
        nics = etree.SubElement(holder, f"{{{interface_xml.NAMESPACE}}}interfaces", nsmap={interface_xml.PREFIX: interface_xml.NAMESPACE})
        nics.extend(xml_table.parse(text, interface_xml.SOURCE))
