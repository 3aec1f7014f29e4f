# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""XML formats as tables: ``{dataclass: rows}``. A row ties a field to a place in the XML; two loops, read() and build(), do the rest.

What no row claims is handed back by read() as unknown, and put back by build().
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Optional

from .. import deps
from ..errors import ValidationError
from ..model import option

YES_NO = {"yes": True, "no": False}
ON_OFF = {"on": True, "off": False}


@dataclass(frozen=True)
class Row:
    """``field`` stands in ``child`` (the element itself where it is empty), in ``attribute`` (in its text where it is empty).

    ``words`` maps the XML's words to values. ``kind`` is the dataclass of a nested element. ``items`` makes ``child`` a mere
    container of such elements. ``fixed`` writes a constant; a row without a field is claimed and dropped.
    """

    field: str = ""
    child: str = ""
    attribute: str = ""
    words: Any = None
    kind: Any = None
    many: bool = False
    items: str = ""
    fixed: Optional[str] = None

    @property
    def claim(self):
        """The attribute of ``child`` that the row accounts for; '' where it accounts for the whole child."""
        return "" if self.items else self.attribute

    def read(self, tables, element, where):
        """The row's value in ``element`` (None: not there) and what was unknown inside."""
        if not self.field:
            return None, []
        holders = element.findall(f"{self.child}/{self.items}" if self.items else self.child) if self.child else [element]
        if self.kind:
            pairs = [read(tables, self.kind, holder, f"{where}/{self.child}[{number}]") for number, holder in enumerate(holders)]
            values, unknown = [pair[0] for pair in pairs], [part for pair in pairs for part in pair[1]]
        else:
            texts = [holder.get(self.attribute) if self.attribute else holder.text or "" for holder in holders]
            values, unknown = [(self.words or {}).get(text, text) for text in texts if text is not None], []
        return (values if self.many else values[0] if values else None), unknown

    def write(self, tables, value, element):
        """Put the row's value into ``element``."""
        etree = deps.etree()
        if self.fixed is not None:
            element.set(self.attribute, self.fixed)
        if value is None or value == ():
            return
        parent = etree.SubElement(element, self.child) if self.items else element
        for member in value if self.many else (value,):
            if self.kind:
                parent.append(build(tables, member, self.child))
                continue
            text = next((word for word, meaning in (self.words or {}).items() if meaning is member), str(member))
            holder = parent if not self.child else None if self.many else element.find(self.child)
            holder = etree.SubElement(parent, self.items or self.child) if holder is None else holder
            if self.attribute:
                holder.set(self.attribute, text)
            else:
                holder.text = text


@dataclass(frozen=True)
class Cidr:
    """A row for an address that XML spreads over @address and @prefix or @netmask."""

    field: str
    child: str = ""
    claim: str = "address"

    def read(self, tables, element, where):
        """The address with its prefix."""
        address, length = element.get("address"), element.get("prefix") or element.get("netmask")
        return (f"{address}/{length}" if address and length else address), []

    def write(self, tables, value, element):
        """Put it into @address and @prefix."""
        address, unused, length = (value or "").partition("/")
        for name, part in (("address", address), ("netmask" if "." in length else "prefix", length)):
            if part:
                element.set(name, part)


@dataclass(frozen=True)
class Fragments:
    """A row for the foreign elements inside ``child``, each kept as canonical XML text; ``own`` are the tags of those that are not foreign."""

    field: str
    child: str
    own: tuple = ()
    claim: str = ""

    def read(self, tables, element, where):
        """List of texts."""
        return [canonical(inner) for holder in element.findall(self.child) for inner in holder if inner.tag not in self.own], []

    def write(self, tables, value, element):
        """Put the parsed texts into ``child``."""
        if value:
            deps.etree().SubElement(element, self.child).extend(parse(text, self.field) for text in value)


@dataclass(frozen=True)
class Own:
    """A row for texts of this collection inside ``child``: each an element ``item``, or with ``items`` as many of them in one element of that name.

    With ``kind``, a dataclass, the element is no text and has rows of its own.
    """

    field: str
    child: str
    item: str
    items: str = ""
    kind: Any = None
    prefix: str = "virtlab"
    claim: str = ""

    def read(self, tables, element, where):
        """The text, or the list of texts."""
        path = "/".join(filter(None, (self.child, self.items, self.item)))
        if self.kind:
            found = element.find(path)
            return (None, []) if found is None else read(tables, self.kind, found, f"{where}/{self.child}[0]/{self.item}[0]")
        texts = [found.text for found in element.iterfind(path)]
        return (texts if self.items else texts[0] if texts else None), []

    def write(self, tables, value, element):
        """Put them into ``child``, which is made where it is not there."""
        if not value:
            return
        etree = deps.etree()
        holder = element.find(self.child)
        holder = etree.SubElement(element, self.child) if holder is None else holder
        if self.kind:
            holder.append(build(tables, value, self.item, nsmap={self.prefix: etree.QName(self.item).namespace}))
            return
        if self.items:
            holder = etree.SubElement(holder, self.items, nsmap={self.prefix: etree.QName(self.items).namespace})
        for text in value if self.items else (value,):
            etree.SubElement(holder, self.item, nsmap={self.prefix: etree.QName(self.item).namespace}).text = text


def attributes(*fields, words=None):
    """Rows for fields whose attribute has the same name, in the camelCase of libvirt."""
    return tuple(Row(field, attribute=re.sub("_(.)", lambda match: match.group(1).upper(), field), words=words) for field in fields)


def elements(**kinds):
    """Rows for fields whose element has the same name: field=dataclass."""
    return tuple(Row(field, field, kind=kind) for field, kind in kinds.items())


def ignored(*names):
    """Rows for attributes that are output only or that another row writes: claimed and dropped."""
    return tuple(Row(attribute=name) for name in names)


def parse(text, source):
    """Parse an XML document into an lxml element: no entities, no DTD, no network. Raises ValidationError that names ``source``."""
    etree = deps.etree()
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(text.strip().encode(), parser)
    except etree.XMLSyntaxError as err:
        raise ValidationError(source, shorten(text), f"is not well-formed XML: {err}") from err
    if root.getroottree().docinfo.doctype:
        raise ValidationError(source, shorten(text), "must not have a DOCTYPE: documents are read without entities")
    return root


def shorten(text):
    """``text`` on one line of at most 60 characters, for messages."""
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:57]}..."


def text(element):
    """The element as indented XML."""
    return deps.etree().tostring(element, pretty_print=True, encoding="unicode")


def canonical(element):
    """Canonical XML (C14N 2.0) of an element, without the blanks that only indent."""
    etree = deps.etree()
    parser = etree.XMLParser(remove_blank_text=True, resolve_entities=False, no_network=True)
    return etree.tostring(etree.fromstring(etree.tostring(element, with_tail=False), parser), method="c14n2").decode()


def read(tables, cls, element, where=""):
    """Return (instance of ``cls``, unknown): unknown is a tuple of (path, XML or attribute value) that build() takes."""
    given, unknown, claimed, present = {}, [], {}, {"", *(child.tag for child in element)}
    for row in tables[cls]:
        claimed.setdefault(row.child, set()).add(row.claim)
        if row.child not in present:
            continue
        value, inner = row.read(tables, element, where)
        unknown += inner
        if value is not None:
            given[row.field] = value
    unknown += [(f"{where}/@{name}", value) for name, value in element.attrib.items() if name not in claimed.get("", ())]
    for child in element:
        if child.tag not in claimed:
            unknown.append((where, canonical(child)))
        elif "" not in claimed[child.tag]:
            unknown += [(f"{where}/{child.tag}[0]/@{name}", value) for name, value in child.attrib.items() if name not in claimed[child.tag]]
    return option.read(cls, given, strict=False), tuple(unknown)


def build(tables, value, tag, unknown=(), nsmap=None):
    """Build the lxml element of a dataclass instance; ``unknown`` parts go back where read() found them.

    Raises ValidationError where such a place is no longer there.
    """
    element = deps.etree().Element(tag, nsmap=nsmap)
    for row in tables[type(value)]:
        row.write(tables, getattr(value, row.field) if row.field else None, element)
    for path, content in unknown:
        _restore(element, path, content)
    return element


def _restore(root, path, content):
    attribute = path.partition("/@")[2]
    holder = holder_of(root, path)
    if holder is None:
        raise misplaced(path, content)
    if attribute:
        holder.set(attribute, content)
    else:
        holder.append(parse(content, path))


def holder_of(root, path):
    """The element that an unknown part's path leads to; None where there is none."""
    holder = root
    for step in path.partition("/@")[0].split("/")[1:]:
        tag, unused, number = step.rpartition("[")
        found = holder.findall(tag)
        if int(number[:-1]) >= len(found):
            return None
        holder = found[int(number[:-1])]
    return holder


def misplaced(path, content):
    """The error for an unknown part that has no place in a new definition."""
    return ValidationError(
        f"network{path}", shorten(content), "is in the stored definition, unknown to this collection, and has no place in the new one",
        "give the whole document with xml, or take that part out by hand",
    )
