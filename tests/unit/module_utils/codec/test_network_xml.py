# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of the network format, read both ways, over documents that together hold every row of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.backend.libvirt import Libvirt
from ansible_collections.virtlab.network.plugins.module_utils.codec import network_xml, xml_table
from ansible_collections.virtlab.network.plugins.module_utils.errors import BackendError, ValidationError
from ansible_collections.virtlab.network.plugins.module_utils.model.network import Network
from ansible_collections.virtlab.network.plugins.module_utils.model.option import declared, plain, read

DOCUMENTS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(Path(__file__).with_name("documents").glob("*.xml"))}
OUTPUT_ONLY = {"connections"}


@pytest.fixture(params=DOCUMENTS)
def document(request):
    """Each document's text in turn."""
    return DOCUMENTS[request.param]


def places(element, path=""):
    """Every attribute and text of an element as (path, value), netmasks and prefixes and what is output only left out."""
    found = [(f"{path}@{name}", value) for name, value in element.attrib.items() if name not in OUTPUT_ONLY | {"netmask", "prefix", "family"}]
    if element.text and element.text.strip():
        found.append((path, element.text.strip()))
    return sorted(found + [place for child in element for place in places(child, f"{path}/{child.tag}")])


def set_fields(value):
    """(dataclass, field) of every option that is set somewhere in a model."""
    found = set()
    for name, entry in declared(type(value)):
        inner = getattr(value, name)
        if inner in (None, ()):
            continue
        found.add((type(value), name))
        if entry.nested:
            for member in inner if entry.many else (inner,):
                found |= set_fields(member)
    return found


def test_every_row_is_exercised():
    """A row that no document holds, or that the model does not declare, is a row that nobody has seen working."""
    rows = {(cls, row.field) for cls, rows in network_xml.TABLES.items() for row in rows if row.field}
    fields = {(cls, name) for cls in network_xml.TABLES for name, unused in declared(cls)}
    exercised = set().union(*(set_fields(network_xml.parse(text)) for text in DOCUMENTS.values()))
    assert rows == fields
    assert rows - exercised == set()


def test_nothing_is_unknown(document):
    """The documents use libvirt's format only."""
    assert network_xml.parse(document).unknown == ()


def test_xml_to_model_to_xml_loses_nothing(document):
    """What is written is read again the same, attribute for attribute."""
    model = network_xml.parse(document)
    assert network_xml.parse(network_xml.build(model)) == model
    before, after = (dict(places(xml_table.parse(text, "test"))) for text in (document, network_xml.build(model)))
    assert set(before) - set(after) == set()


def test_model_to_options_to_model_loses_nothing(document):
    """What an info module returns is what the module takes."""
    model = network_xml.parse(document)
    again = read(Network, plain(model))
    assert (again.lab, again.unknown) == (None, ())
    assert plain(again) == plain(model)


def settled(text):
    """What libvirt makes of a document, apart from the uuid that it invents; or its refusal."""
    with Libvirt("test:///default") as libvirt:
        try:
            return {**plain(libvirt.settle(text)), "uuid": None}
        except BackendError as err:
            return str(err)


def test_libvirt_itself_reads_what_we_write(document):
    """libvirt's own parser makes the same of the original and of what was read and written."""
    assert settled(network_xml.build(network_xml.parse(document))) == settled(document)


UNKNOWN = """<network><name>a</name><shiny level='3'><deep/></shiny><bridge name='b' glow='yes'/>
<ip address='10.0.0.1' prefix='24'><dhcp><range start='10.0.0.2' end='10.0.0.9'><lease expiry='5' grace='2'/></range></dhcp></ip>
<mtu size='1400' unit='bytes'/></network>"""


def test_unknown_parts_are_kept_where_they_were():
    """What a newer libvirt wrote survives, at the top, in attributes, and deep inside."""
    model = network_xml.parse(UNKNOWN)
    assert len(model.unknown) == 4
    again = xml_table.parse(network_xml.build(model), "test")
    assert again.find("shiny/deep") is not None
    assert again.find("bridge").get("glow") == "yes"
    assert again.find("ip/dhcp/range/lease").get("grace") == "2"
    assert again.find("mtu").get("unit") == "bytes"
    assert network_xml.parse(network_xml.build(model)) == model


def test_unknown_parts_without_a_place_are_refused():
    """Nothing is dropped in silence."""
    held = network_xml.parse(UNKNOWN)
    bare = read(Network, {"name": "a"})
    with pytest.raises(ValidationError, match="has no place in the new one"):
        network_xml.build(type(bare)(**{**bare.__dict__, "unknown": held.unknown}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<network><name>a</network>", "not well-formed"),
        ("<domain/>", "must be a <network> document, not <domain>"),
        ("<!DOCTYPE network [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><network><name>&a;</name></network>", "DOCTYPE"),
        ("", "not well-formed"),
    ],
)
def test_what_is_no_network_document_is_refused(text, message):
    """Broken, foreign and dangerous documents."""
    with pytest.raises(ValidationError, match=message):
        network_xml.parse(text)
