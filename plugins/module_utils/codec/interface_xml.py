# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""libvirt's ``<interface>`` of a guest, and what is written down of NICs in a guest's metadata. Source: https://libvirt.org/formatdomain.html"""

from __future__ import annotations

from dataclasses import replace

from .. import deps
from ..errors import ValidationError
from ..model import interface, port
from ..model.interface import GENERATED, USERS, Domain, Interface, Mark
from ..model.option import Bag
from . import network_xml, xml_table
from .xml_table import YES_NO, Row, attributes, elements

#: where marks stand in a guest's metadata, and the prefix that they are written with
NAMESPACE, PREFIX = "urn:virtlab:interfaces:1", "virtlab"
METADATA = f"metadata/{{{NAMESPACE}}}interfaces"
SOURCE = "libvirt's domain definition"
#: the devices of each kind that a guest may boot from, and the first of their places where each kind has one device instead
KINDS = {
    "hd": "devices/disk[not(@device) or @device='disk' or @device='lun']", "cdrom": "devices/disk[@device='cdrom']", "fd": "devices/disk[@device='floppy']",
    "network": "devices/interface",
}
LAST = 1001

TABLES = {
    Interface: attributes("trust_guest_rx_filters", words=YES_NO) + (
        Row(attribute="type"),
        Row("mac", "mac", "address"),
        Row("alias", "alias", "name"),
        Row("network", "source", "network"),
        Row("portgroup", "source", "portgroup"),
        Row("bridge", "source", "bridge"),
        Row("dev", "source", "dev"),
        Row("mode", "source", "mode"),
        Row(child="source", attribute="portid"),
        Row(child="mac", attribute="currentAddress"),
        Row("model", "model", "type"),
        Row("link", "link", "state"),
        Row("mtu", "mtu", "size"),
        Row("boot_order", "boot", "order"),
        Row("target", "target", "dev"),
        Row("isolated", "port", "isolated", words=YES_NO),
    ) + elements(vlan=port.Vlan, virtualport=port.VirtualPort, bandwidth=port.Bandwidth, filterref=interface.FilterRef),
    interface.FilterRef: attributes("filter") + (Row("parameters", "parameter", kind=interface.FilterParameter, many=True),),
    interface.FilterParameter: attributes("name", "value"),
    **{cls: network_xml.TABLES[cls] for cls in (port.Vlan, port.VlanTag, port.VirtualPort, port.VirtualPortParameters, port.Bandwidth, port.Rate)},
}


def parse(element):
    """The Interface of an ``<interface>`` element. What libvirt tells of one that runs, such as the bridge of its network, is no option of it."""
    read, unknown = xml_table.read(TABLES, Interface, element)
    kind = element.get("type")
    facts = {"kind": kind, "actual": kind, "device": read.target, "label": read.alias, "unknown": Bag(unknown), "link": read.link or "up"}
    if read.network is not None:
        facts.update(kind="network", bridge=None, dev=None, mode=None)
    if read.alias is not None and not read.alias.startswith(USERS):
        facts["alias"] = None
    if read.target is not None and read.target.startswith(GENERATED):
        facts["target"] = None
    return replace(read, **facts)


def build(nic):
    """Write an Interface as an ``<interface>`` document (text). A carrier is what a NIC has that says nothing of it."""
    element = xml_table.build(TABLES, replace(nic, link=None) if nic.link == "up" else nic, "interface", nic.unknown)
    element.set("type", nic.kind)
    return xml_table.text(element)


def domain(document, stored):
    """What two ``<domain>`` documents (texts) say of a guest, the running and the stored one, either of which may be None: a Domain without its state."""
    live, kept = (xml_table.parse(each, SOURCE) if each else None for each in (document, stored))
    root = kept if kept is not None else live
    marks = tuple(Mark(each.get("mac"), each.get("alias"), each.get("lab")) for each in root.iterfind(f"{METADATA}/{{*}}interface"))
    return Domain(root.findtext("name"), root.findtext("uuid"), stored=_nics(kept) if kept is not None else _plugging(root), live=_nics(live), marks=marks,
                  boots=root.find("os/boot") is not None, running=live is not None, persistent=kept is not None)


def _nics(root):
    return () if root is None else tuple(parse(each) for each in root.iterfind("devices/interface") if each.find("mac") is not None)


def _plugging(root):
    """What is written down of NICs that are being plugged."""
    return tuple(parse(xml_table.parse(each.text, SOURCE)) for each in root.iterfind(f"{METADATA}/{{*}}plugging"))


def metadata(marks, plugging=()):
    """Write Marks, and Interfaces that are being plugged, as the element (text) that virDomainSetMetadata takes; None where there are none."""
    etree = deps.etree()
    root = etree.Element("interfaces")
    for each in marks:
        held = {"mac": each.mac, "alias": each.alias, "lab": each.lab}
        etree.SubElement(root, "interface", {name: value for name, value in held.items() if value is not None})
    for each in plugging:
        etree.SubElement(root, "plugging").text = build(each)
    return xml_table.text(root) if len(root) else None


def placed(document, mac):
    """A ``<domain>`` document (text) that boots by places of single devices and not by kinds: the first device of each kind has one behind all that tasks give.

    ``mac`` is that of a NIC that gets a place by itself.
    """
    root = xml_table.parse(document, SOURCE)
    for number, kind in enumerate(root.findall("os/boot")):
        kind.getparent().remove(kind)
        first = root.xpath(KINDS[kind.get("dev")])[:1]
        if first and first[0].find(f"mac[@address='{mac}']") is None:
            deps.etree().SubElement(first[0], "boot", order=str(LAST + number))
    return xml_table.text(root)


def replaced(document, held, wanted):
    """A ``<domain>`` document (text) with one NIC in the place of another. Raises ValidationError where that one is not there."""
    root = xml_table.parse(document, SOURCE)
    for each in root.iterfind("devices/interface"):
        if (found := parse(each)).mac == held.mac and found.alias == held.alias:
            each.getparent().replace(each, xml_table.parse(build(wanted), SOURCE))
            return xml_table.text(root)
    raise ValidationError("mac", held.mac, "the guest's NIC of it is gone", "look what there is: virt_interface_info")
