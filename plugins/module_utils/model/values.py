# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kinds of values: what Ansible calls them and their one canonical form.

A canonical function takes a value of the Ansible type and returns it canonical, or raises ValueError with what is allowed,
worded to follow "OPTION is VALUE: ".
"""

from __future__ import annotations

import ipaddress
import re
import uuid as uuids
from dataclasses import dataclass
from functools import cache
from typing import Callable

#: what ipaddress makes of a text, once each: lists of thousands name the same addresses from reading options to writing rules
ip_address, ip_network = cache(ipaddress.ip_address), cache(ipaddress.ip_network)


@dataclass(frozen=True)
class Kind:
    """One kind of value."""

    ansible: str
    canonical: Callable
    choices: tuple = ()


def one_of(*choices):
    """One word of several."""

    def canonical(value):
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return value

    return Kind("str", canonical, choices)


def integer(low, high):
    """A whole number from ``low`` to ``high``."""

    def canonical(value):
        try:
            number = int(value)
        except (TypeError, ValueError):
            raise ValueError("must be a whole number") from None
        if not low <= number <= high:
            raise ValueError(f"must be from {low} to {high}")
        return number

    return Kind("int", canonical)


def pair(first, second):
    """Two whole numbers, up to ``first`` and ``second``, with a colon between them."""

    def canonical(value):
        before, colon, after = value.partition(":")
        if not colon or not before.isdecimal() or not after.isdecimal():
            raise ValueError("must be FROM:TO such as '3:5', and in quotes: YAML takes digits and colons for a number")
        if int(before) > first or int(after) > second:
            raise ValueError(f"must be FROM:TO, with FROM from 0 to {first} and TO from 0 to {second}")
        return f"{int(before)}:{int(after)}"

    return Kind("str", canonical)


def hexadecimal(digits, high):
    """A number up to ``high`` as libvirt writes PCI addresses: 0x and ``digits`` digits."""

    def canonical(value):
        try:
            number = int(str(value), 0)
        except ValueError:
            raise ValueError("must be a number such as 0x03") from None
        if not 0 <= number <= high:
            raise ValueError(f"must be from 0x0 to {high:#x}")
        return f"0x{number:0{digits}x}"

    return Kind("str", canonical)


#: what XML 1.0 cannot carry
UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def _text(value):
    if UNWRITABLE.search(value):
        raise ValueError("must not hold control characters or others that XML cannot carry")
    return value


def _line(value):
    if UNWRITABLE.search(value) or re.search(r"[\t\n\r]", value):
        raise ValueError("must be one line without control characters")
    return value


def _lab(value):
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", value):
        raise ValueError("must be 1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first")
    return value


def _word(value):
    if not value or value != value.strip() or "/" in value or UNWRITABLE.search(value) or re.search(r"[\t\n\r]", value):
        raise ValueError("must be a name of one line, without a slash and without blanks at its ends")
    return value


def _device(value):
    if not 1 <= len(value.encode()) <= 15 or value in (".", "..") or re.search(r"[/\s:%]", value):
        raise ValueError("must be a device name: 1 to 15 bytes, no slash, colon, percent sign or blank")
    if value in ("all", "default"):
        raise ValueError("must be another: the kernel has settings of that name, and no device")
    return value


def _compared(value):
    if re.search(r"[\"*\\\x00-\x1f\x7f]", _device(value)):
        raise ValueError("must be a device name without quotes, backslashes, asterisks and control characters: nft(8) cannot compare such names")
    return value


def _mac(value):
    # libvirt itself writes a leading zero that is missing; more than that is no MAC address
    octets = value.lower().split(":")
    if value.isdecimal():
        raise ValueError("must be a MAC address such as 52:54:00:12:34:56, and in quotes: YAML takes digits and colons for a number")
    if len(octets) != 6 or not all(re.fullmatch(r"[0-9a-f]{1,2}", octet) for octet in octets):
        raise ValueError("must be a MAC address such as 52:54:00:12:34:56")
    return ":".join(octet.zfill(2) for octet in octets)


def _unicast_mac(value):
    mac = _mac(value)
    if int(mac[:2], 16) & 1:
        raise ValueError("must be the MAC address of one device; its first byte is odd, which marks a multicast address")
    return mac


def _uuid(value):
    try:
        return str(uuids.UUID(value.strip()))
    except ValueError:
        raise ValueError("must be a UUID such as f6514662-26e5-431e-8544-fd216bed9312") from None


def _address(value):
    try:
        return str(ip_address(value))
    except ValueError:
        raise ValueError("must be an IPv4 or IPv6 address") from None


def _bare_address(value):
    if "%" in value:
        raise ValueError("must be an IPv4 or IPv6 address without a zone (what follows the percent sign)")
    return _address(value)


def _ipv4(value):
    try:
        return str(ipaddress.IPv4Address(value))
    except ValueError:
        raise ValueError("must be an IPv4 address") from None


def _cidr(value):
    try:
        if "%" in value:
            raise ValueError
        return str(ipaddress.ip_interface(value if "/" in value else f"{value}/{default_prefix(value)}"))
    except ValueError:
        raise ValueError("must be an address with its prefix, such as 192.168.100.1/24 or fd00:100::1/64") from None


def _own_cidr(value):
    if "/" not in value:
        raise ValueError(f"must be given with its prefix, such as {value}/{64 if ':' in value else 24}")
    found = ipaddress.ip_interface(_cidr(value))
    if found.ip.is_multicast or found.ip.is_unspecified:
        raise ValueError("must be the address of one device, and neither a multicast one nor 0.0.0.0 or ::")
    return str(found)


def default_prefix(address):
    """The prefix length that libvirt takes where none is given: 64 for IPv6, the address's class for IPv4.

    Raises ValueError where ``address`` is none. Source: libvirt, virSocketAddrGetIPPrefix.
    """
    parsed = ipaddress.ip_address(address)
    if parsed.version == 6:
        return 64
    first = int(parsed) >> 24
    return 8 if first < 128 else 16 if first < 192 else 24 if first < 224 else 0


def _subnet(value):
    if value in ("default", "0.0.0.0/0"):
        return "default"
    try:
        return str(ipaddress.ip_network(value))
    except ValueError:
        raise ValueError("must be default or a subnet such as 10.1.0.0/16 or fd00:1::/64, without bits beyond its prefix") from None


def prefixes(example):
    """A subnet, or an address, which is one of its own length; ``example`` is what errors show."""

    def canonical(value):
        try:
            if "%" in value:
                raise ValueError
            found = ipaddress.ip_network(value, strict=False)
        except ValueError:
            raise ValueError(f"must be a subnet such as {example}, or an address") from None
        if ipaddress.ip_interface(value).ip != found.network_address:
            raise ValueError(f"must be a subnet without bits beyond its prefix; give {found}, or the address alone")
        return str(found)

    return Kind("str", canonical)


def _addresses(value):
    first, dash, last = value.partition("-")
    try:
        low, high = (ipaddress.ip_address(_bare_address(each.strip())) for each in (first, last if dash else first))
    except ValueError:
        raise ValueError("must be an address, or a range such as 203.0.113.5-203.0.113.9") from None
    if low.version != high.version or low > high:
        raise ValueError("must be a range of addresses of one version of IP, the lower one first")
    return f"{low}-{high}" if low < high else str(low)


def _ports(value):
    first, dash, last = value.partition("-")
    if not first.isdecimal() or dash and not last.isdecimal():
        raise ValueError("must be a port from 1 to 65535, or a range such as 8000-8010")
    low, high = int(first), int(last if dash else first)
    if not 1 <= low <= high <= 65535:
        raise ValueError("must be a port from 1 to 65535, or a range of such, the lower one first")
    return f"{low}-{high}" if low < high else str(low)


#: what a string of nft(8)'s can carry
UNQUOTED = re.compile(r"[^\"\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def _comment(value):
    if not UNQUOTED.fullmatch(value) or len(value.encode()) > 128:
        raise ValueError("must be 1 to 128 bytes on one line, without quotes, backslashes and control characters: nft(8) cannot carry them")
    return value


def _log_prefix(value):
    # nft(8) puts a value in the place of a name with $ here, which it does in no comment; and the kernel has room for one byte less
    if not UNQUOTED.fullmatch(value) or "$" in value or len(value.encode()) > 127:
        raise ValueError("must be 1 to 127 bytes on one line, without quotes, backslashes, dollar signs and control characters: nft(8) cannot carry them")
    return value


def _rules(value):
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}", value):
        raise ValueError("must be 1 to 32 letters, digits, dashes and underscores, a letter or digit first: a table of nft(8) is named after it")
    return value


def _zone(value):
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,31}", value):
        raise ValueError("must be 1 to 32 letters, digits and underscores, a letter first: a chain of nft(8) is named after it")
    return value


def _rate(value):
    found = re.fullmatch(r"([1-9][0-9]{0,8})/(second|minute|hour|day)", value)
    if not found:
        raise ValueError("must be a number and a time such as 10/second, with second, minute, hour or day")
    return value


def _vlans(value):
    first, dash, last = value.partition("-")
    if not first.isdecimal() or dash and not last.isdecimal():
        raise ValueError("must be a VLAN number from 1 to 4094, or a range such as 20-30")
    low, high = int(first), int(last if dash else first)
    if not 1 <= low <= high <= 4094:
        raise ValueError("must be a VLAN number from 1 to 4094, or a range of such numbers, the lower one first")
    return f"{low}-{high}" if low < high else str(low)


def _alias(value):
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", value):
        raise ValueError("must be 1 to 64 letters, digits, underscores and dashes")
    return value


def _document(value):
    if not isinstance(value, str):
        raise ValueError("must be a text, or a mapping, which is written as YAML")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("must be a text of Unicode") from None
    return value


def _path(value):
    if not value.startswith("/") or value.endswith("/") or "//" in value or {".", ".."} & set(value.split("/")):
        raise ValueError("must be a whole path, from the root on, without dots, doubled slashes and one at its end")
    return _line(value)


def _size(value):
    if not re.fullmatch(r"[1-9][0-9]{0,8}[MGT]", value):
        raise ValueError("must be a whole number and M, G or T (for MiB, GiB or TiB), such as 20G")
    return value


def _word_of_virt_install(value):
    if not re.fullmatch(r"--[a-z][a-z0-9-]*(=[^\x00-\x1f\x7f]+)?", value):
        raise ValueError("must be one option of virt-install(1) with its value behind a =, such as --sound=none")
    return value


def _bool(value):
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


TEXT = Kind("str", _text)
LINE = Kind("str", _line)
WORD = Kind("str", _word)
LAB = Kind("str", _lab)
DEVICE = Kind("str", _device)
COMPARED = Kind("str", _compared)
ALIAS = Kind("str", _alias)
MAC = Kind("str", _mac)
UNICAST_MAC = Kind("str", _unicast_mac)
UUID = Kind("str", _uuid)
PATH = Kind("str", _path)
#: a text, which a task can also say as a mapping
DOCUMENT = Kind("raw", _document)
SIZE = Kind("str", _size)
VIRT_INSTALL = Kind("str", _word_of_virt_install)
ADDRESS = Kind("str", _address)
BARE_ADDRESS = Kind("str", _bare_address)
IPV4 = Kind("str", _ipv4)
CIDR = Kind("str", _cidr)
OWN_CIDR = Kind("str", _own_cidr)
BOOL = Kind("bool", _bool)
SUBNET = Kind("str", _subnet)
VLANS = Kind("str", _vlans)
ADDRESSES = Kind("str", _addresses)
PORTS = Kind("str", _ports)
COMMENT = Kind("str", _comment)
LOG_PREFIX = Kind("str", _log_prefix)
RULES = Kind("str", _rules)
ZONE = Kind("str", _zone)
RATE = Kind("str", _rate)
VLAN = integer(1, 4094)
U8 = integer(0, 255)
U16 = integer(0, 65535)
U32 = integer(0, 4294967295)
PORT = integer(1, 65535)
#: of nft(8)'s limits: the kernel counts in nanoseconds, of which a day has so many that more would not fit
BURST = integer(1, 65535)
