# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests' NICs in libvirt's words, read and written, over documents of libvirt's own that together hold every option."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.codec import interface_xml, xml_table
from ansible_collections.virtlab.network.plugins.module_utils.errors import ValidationError
from ansible_collections.virtlab.network.plugins.module_utils.model.interface import Interface, Mark, bare, config
from ansible_collections.virtlab.network.plugins.module_utils.model.option import declared, plain, read

from tests.unit.module_utils.plan.plans import network

DOCUMENTS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(Path(__file__).with_name("nics").glob("*.xml"))}
DOMAINS = {name: interface_xml.domain(text, None) for name, text in DOCUMENTS.items()}
NICS = {nic.mac: nic for domain in DOMAINS.values() for nic in domain.live}
KNOWN = {mac: nic for mac, nic in NICS.items() if nic.known}
FIRST, SECOND, THIRD, FOURTH, *OTHERS = DOMAINS["qemu"].live


def fields(value):
    """(dataclass, field) of every option that is set somewhere in a model."""
    found = set()
    for name, entry in declared(type(value)):
        inner = getattr(value, name)
        if inner not in (None, ()):
            found.add((type(value), name))
            for member in (inner if entry.many else (inner,)) if entry.nested else ():
                found |= fields(member)
    return found


def test_every_row_is_exercised():
    """A row that no document holds is one that nobody has seen working; each option has one. What 802.1Qbg wants to know documents of networks have."""
    rows = {(cls, row.field) for cls, rows in interface_xml.TABLES.items() for row in rows if row.field}
    assert rows == {(cls, name) for cls in interface_xml.TABLES for name, unused in declared(cls)}
    missing = rows - set().union(*map(fields, NICS.values()))
    assert {name for unused, name in missing} == {"managerid", "typeid", "typeidversion", "instanceid"}


@pytest.mark.parametrize("mac", KNOWN)
def test_what_is_written_is_read_again_the_same(mac):
    """Options, and what this collection does not know."""
    again = interface_xml.parse(xml_table.parse(interface_xml.build(NICS[mac]), "test"))
    assert again == NICS[mac] and again.label in (None, NICS[mac].alias)


@pytest.mark.parametrize("mac", KNOWN)
def test_what_is_told_is_what_is_taken(mac):
    """The plain form of a NIC has all that is an option."""
    nic = NICS[mac]
    assert replace(read(Interface, config(nic)), kind=nic.kind, unknown=nic.unknown) == nic


def test_what_libvirt_made_up_is_no_option():
    """Names of its devices and aliases, identifiers of ports, and the bridge of a network; a carrier is what there is where nothing is said."""
    assert config(FIRST) == {"mac": "52:54:00:00:00:01", "network": "default", "model": "virtio", "link": "up"}
    assert (FIRST.device, FIRST.label, FIRST.actual) == ("vnet0", "net0", "network")
    assert [path for path, content in FIRST.unknown] == ["", ""] and "<rom" in FIRST.unknown[0][1] + FIRST.unknown[1][1]
    assert (THIRD.kind, THIRD.actual, THIRD.network, THIRD.bridge, THIRD.target) == ("network", "bridge", "brm", None, "tap-web")
    assert (FOURTH.kind, FOURTH.dev, FOURTH.mode, FOURTH.target) == ("direct", "eth0", "bridge", None)
    assert [(each.kind, each.known) for each in OTHERS[:2]] == [("hostdev", False), ("user", False)]
    written = interface_xml.build(FIRST)
    assert "portid" not in written and "virbr0" not in written and "vnet0" not in written and "net0" not in written and "<link" not in written


def test_parts_that_nobody_knows_are_kept_where_they_were():
    """Drivers, rates of interrupts, a slot."""
    written = interface_xml.build(replace(SECOND, network="other", model="e1000e"))
    for part in ('<host csum="off"', '<frames max="3"', 'bus="0x05"'):
        assert part in written


def test_marks_are_read_and_written():
    """As libvirt gives them back, which puts its prefix before all of them; others' metadata is none of ours."""
    marks = (Mark("52:54:00:00:00:11", "ua-second", "web"), Mark("52:54:00:00:00:12", None, "web"))
    assert DOMAINS["qemu"].marks == marks and DOMAINS["lxc"].marks == () and interface_xml.metadata([]) is None
    text = DOCUMENTS["lxc"].replace("<devices>", f"<metadata>{namespaced(interface_xml.metadata(marks, [FIRST]))}</metadata><devices>")
    found = interface_xml.domain(text, None)
    assert found.marks == marks and found.stored == (replace(FIRST, actual="network"),) and not found.persistent
    assert interface_xml.domain(None, text).stored == DOMAINS["lxc"].live


def namespaced(text):
    """An element as libvirt keeps it in metadata."""
    for tag in ("interfaces", "interface", "plugging"):
        text = text.replace(f"<{tag}>", f"<virtlab:{tag}>").replace(f"<{tag} ", f"<virtlab:{tag} ").replace(f"</{tag}>", f"</virtlab:{tag}>")
    return text.replace("<virtlab:interfaces>", "<virtlab:interfaces xmlns:virtlab='urn:virtlab:interfaces:1'>")


def test_one_nic_takes_the_place_of_another():
    """In its place, and with all others as they were."""
    wanted = replace(SECOND, mac="52:54:00:00:00:99")
    found = interface_xml.domain(None, interface_xml.replaced(DOCUMENTS["qemu"], SECOND, wanted))
    assert found.stored == tuple(wanted if each == SECOND else each for each in DOMAINS["qemu"].live)
    with pytest.raises(ValidationError, match="the guest's NIC of it is gone"):
        interface_xml.replaced(DOCUMENTS["lxc"], SECOND, wanted)


def test_what_a_network_gives_is_no_option_of_the_nic():
    """Unless the NIC says it itself, as what is stored tells. The portgroup comes first, and where none is named the default one."""
    rates = {"inbound": {"average": 100}}
    given = network("odd", port={"isolated": True}, portgroups=[{"name": "pg", "default": True, "bandwidth": rates}])
    live = replace(SECOND, bandwidth=read(Interface, {"bandwidth": rates}).bandwidth)
    assert (bare(live, None, given).isolated, bare(live, None, given).bandwidth) == (None, None)
    assert bare(replace(live, portgroup=None), None, given).bandwidth is None and bare(live, None, None) == live
    stored = replace(live, isolated=None)
    assert (bare(live, stored, given).isolated, plain(bare(live, stored, given).bandwidth)) == (None, rates)
    assert bare(live, None, network("odd")).isolated is True


def test_both_views_of_a_nic_belong_together():
    """By alias, else by MAC address; a NIC is found by either, and by the alias that libvirt gave it."""
    document = DOCUMENTS["qemu"]
    stored = document.replace(" id='1'", "").replace("52:54:00:00:00:11", "52:54:00:00:00:77").replace("<alias name='net0'/>", "<alias name='ua-first'/>")
    found = interface_xml.domain(document, stored)
    assert [(one and one.mac, other and other.mac) for one, other in found.nics][:2] == [
        ("52:54:00:00:00:01", "52:54:00:00:00:01"), ("52:54:00:00:00:77", "52:54:00:00:00:11")]
    assert len(found.nics) == 6 and (found.running, found.persistent, found.boots) == (True, True, True)
    for word in ("net0", "ua-first", "52:54:00:00:00:01"):
        assert found.found(word) == [found.nics[0]]
    assert found.found("ua-second") == found.found("52:54:00:00:00:11") == [found.nics[1]] and found.found("ua-none") == []
