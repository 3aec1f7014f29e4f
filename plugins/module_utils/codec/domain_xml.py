# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""libvirt's ``<domain>`` format, as far as networks need it: a guest's NICs, and its disks' files. Source: https://libvirt.org/formatdomain.html"""

from __future__ import annotations

from .xml_table import parse


def interfaces(document):
    """The NICs of a domain document: dicts of domain, target, mac, network and bridge, each a string or None, and isolated."""
    root = parse(document, "libvirt's domain definition")
    return [
        {
            "domain": root.findtext("name"),
            "target": _attribute(nic, "target", "dev"),
            "mac": _attribute(nic, "mac", "address"),
            "network": _attribute(nic, "source", "network"),
            "bridge": _attribute(nic, "source", "bridge"),
            "isolated": _attribute(nic, "port", "isolated") == "yes",
        }
        for nic in root.iterfind("devices/interface")
    ]


def disks(document):
    """Paths of the files that a domain document's disks write to."""
    root = parse(document, "libvirt's domain definition")
    found = [disk for disk in root.iterfind("devices/disk") if disk.find("readonly") is None and disk.find("shareable") is None]
    return [path for disk in found if (path := _attribute(disk, "source", "file"))]


def _attribute(element, child, name):
    found = element.find(child)
    return None if found is None else found.get(name)
