# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a resource is made of: frozen dataclasses whose fields carry their option's kind and documentation.

From this one declaration follow the argument spec, the documentation, the reading of options, the plain form that info modules
return, and the differences between two resources. Lists are tuples; a list whose order means nothing is a Bag.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache, cached_property
from typing import Any

from ..errors import ValidationError


class Bag(tuple):
    """A tuple that is equal to any other with the same members, in whatever order. It keeps the order it was given."""

    def __eq__(self, other):
        return Counter(self) == Counter(other) if isinstance(other, tuple) else NotImplemented

    def __ne__(self, other):
        equal = self == other
        return equal if equal is NotImplemented else not equal

    def __hash__(self):
        return hash(frozenset(self))


@dataclass(frozen=True)
class Option:
    """An option: its kind (a values.Kind or a dataclass), its documentation, and how it repeats."""

    kind: Any
    help: Any
    many: bool = False
    key: tuple = ()
    ordered: bool = True
    required: bool = False
    since: str = ""
    secret: bool = False

    @cached_property
    def nested(self):
        """True where the option is itself a dataclass of options."""
        return is_dataclass(self.kind) and isinstance(self.kind, type)


def option(kind, help, required=False, since="", secret=False):  # pylint: disable=redefined-builtin
    """A dataclass field that is one option. ``since`` is the first libvirt version that knows it, and what is ``secret`` Ansible shows to nobody."""
    return field(default=None, metadata={"option": Option(kind, help, required=required, since=since, secret=secret)})  # pylint: disable=invalid-field-call


def options(kind, help, key=(), ordered=False, required=False, unset=()):  # pylint: disable=redefined-builtin
    """A dataclass field that is a list. ``key`` names the fields that tell its entries apart; an entry is found by the first it has. A tuple of names in it is
    several that do so together.

    ``unset`` is what it is where it is not given: empty, or None where that is to be told from an empty one.
    """
    return field(default=unset, metadata={"option": Option(kind, help, True, key, ordered, required)})  # pylint: disable=invalid-field-call


@cache
def declared(cls):
    """(name, Option) of each of a dataclass's options, in order; fields that are no options are passed over."""
    return tuple((entry.name, entry.metadata["option"]) for entry in fields(cls) if "option" in entry.metadata)


def read(cls, given, path="", strict=True):
    """Build ``cls`` from a dict of options. ``path`` prefixes the names in errors.

    With ``strict`` a value that is not of its kind raises ValidationError; without, it is kept as it is (libvirt holds it already).
    """
    values = {}
    for name, declaration in declared(cls):
        value = given.get(name)
        where = f"{path}{name}"
        if value is None:
            continue
        if declaration.many:
            members = [_read_one(declaration, member, f"{where}[{number}]", strict) for number, member in enumerate(value)]
            values[name] = tuple(members) if declaration.ordered else Bag(members)
        else:
            values[name] = _read_one(declaration, value, where, strict)
    return cls(**values)


def _read_one(declaration, value, where, strict):
    if declaration.nested:
        return value if isinstance(value, declaration.kind) else read(declaration.kind, value, f"{where}.", strict)
    try:
        return declaration.kind.canonical(value)
    except ValueError as err:
        if strict:
            raise ValidationError(where, value, str(err)) from err
        return value


def plain(value):
    """Dicts, lists and scalars that read() takes back; what is not set is left out."""
    if value is None or type(value) in (str, int, bool):
        return value
    if is_dataclass(value):
        pairs = ((name, plain(getattr(value, name))) for name, unused in declared(type(value)))
        return {name: inner for name, inner in pairs if inner not in (None, [])}
    if isinstance(value, tuple):
        return [plain(member) for member in value]
    return value


def differences(before, after, path=""):
    """Yield (field path, before, after) in plain form wherever two resources of one class (or None) differ.

    List entries are found by their key, as in ``ips[10.0.0.1/24].dhcp.ranges``.
    """
    if before == after:
        return
    if not is_dataclass(before) or not is_dataclass(after):
        if plain(before) or plain(after):
            yield path.rstrip("."), plain(before), plain(after)
        return
    for name, declaration in declared(type(after)):
        old, new = getattr(before, name), getattr(after, name)
        if old == new:
            continue
        if declaration.many:
            yield from _list_differences(declaration, old, new, f"{path}{name}")
        elif declaration.nested:
            yield from differences(old, new, f"{path}{name}.")
        else:
            yield f"{path}{name}", old, new


def _list_differences(declaration, before, after, path):
    if not declaration.key or declaration.ordered and [_key(declaration, m) for m in before] != [_key(declaration, m) for m in after]:
        yield path, plain(before), plain(after)
        return
    old, new = ({_key(declaration, member): member for member in members} for members in (before, after))
    if len(old) < len(before) or len(new) < len(after):  # a key that repeats tells nothing apart
        yield path, plain(before), plain(after)
        return
    for key in list(old) + [key for key in new if key not in old]:
        yield from differences(old.get(key), new.get(key), f"{path}[{key}].")


def _key(declaration, member):
    values = [" ".join(str(getattr(member, each)) for each in name) if isinstance(name, tuple) else getattr(member, name) for name in declaration.key]
    return next((str(value) for value in values if value is not None), "")


def leaves(value, path=""):
    """Yield (path, scalar) for every scalar of a plain form."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{number}]")
    else:
        yield path, value


def with_leaf(value, path, scalar):
    """A copy of a dataclass instance with another scalar at one of leaves()'s paths."""
    root = holder = plain(value)
    *way, last = (int(number) if number else name for name, number in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path))
    for step in way:
        holder = holder[step]
    holder[last] = scalar
    return read(type(value), root, strict=False)


def introduced(value, path=""):
    """Yield (path, first libvirt version) of every option that is set and that libvirt did not know from the start."""
    for name, declaration in declared(type(value)):
        inner = getattr(value, name)
        if inner is None or inner == ():
            continue
        if declaration.since:
            yield f"{path}{name}", declaration.since
        for number, member in enumerate(inner if declaration.many else (inner,)):
            if declaration.nested:
                yield from introduced(member, f"{path}{name}{f'[{number}]' if declaration.many else ''}.")
