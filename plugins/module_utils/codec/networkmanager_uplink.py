# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a person's profile of NetworkManager goes to the bridge whose uplink its device becomes. Source: nm-settings-keyfile(5), and what 1.42 to 1.52 do.

NetworkManager makes up much of what a DHCP server knows a client by, and of addresses of its own, from a device's name and its profile. Both are others for
the bridge: what the NIC has is said to it in so many words.
"""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple, Optional

from ..errors import UnsupportedError
from .keys import parsed

#: keys of [connection] that go along, sections that do, and sections that stay with the device, with those of their keys that do not
CONNECTION = {"zone", "metered", "mdns", "llmnr", "dns-over-tls", "gateway-ping-timeout", "wait-device-timeout"}
GOING, STAYING = {"proxy", "hostname"}, {"ethernet", "802-3-ethernet", "ethtool", "sriov", "tc", "dcb", "link"}
OURS = {"mac-address", "mac-address-denylist", "mac-address-blacklist", "cloned-mac-address", "mtu"}
#: words that NetworkManager may take for what goes by the device's name
MADE_UP = {4: {"dhcp-client-id", "dhcp-iaid"}, 6: {"dhcp-duid", "dhcp-iaid", "addr-gen-mode", "token"}}
#: methods that have a client
CLIENTS = ("auto", "dhcp")


class Seen(NamedTuple):
    """What a device has from NetworkManager: ``client`` is DHCP's identifier of it, ``duid`` and ``iaid`` are DHCPv6's, ``metrics`` {version: that of its
    routes}, and ``addresses`` those (CIDR) that it made up for what routers advertise; each as nmcli(1) has it, None where there is none."""

    client: Optional[str] = None
    duid: Optional[str] = None
    iaid: Optional[str] = None
    metrics: dict = {}
    addresses: tuple = ()


def inherited(text, seen, mac):
    """(lines for the bridge, lines that stay) of a profile's text, as LinkState has them. Addresses are ours from here on, and not among them.

    ``seen`` is a Seen, ``mac`` the device's address. Raises UnsupportedError for a profile that says what a bridge's port cannot do.
    """
    goes, stays = [], []
    for name, said in parsed(text):
        if name == "802-1x":
            raise UnsupportedError("its profile has [802-1x]: a port that a switch lets in by that is no uplink yet")
        if name == "connection":
            goes.append((name, tuple(pair for pair in said if pair[0] in CONNECTION)))
        elif name in ("ipv4", "ipv6"):
            goes.append((name, tuple(_family(said, int(name[-1]), seen, mac))))
        elif name in STAYING:
            stays.append((name.rpartition("-")[2] if name == "802-3-ethernet" else name, tuple(pair for pair in said if pair[0] not in OURS)))
        elif name in GOING:
            goes.append((name, tuple(said)))
    return tuple(each for each in goes if each[1]), tuple(each for each in stays if each[1])


def _family(said, version, seen, mac):
    given = dict(said)
    client = given.get("method") in CLIENTS
    gateways = [value.split(",")[1] for key, value in said if re.fullmatch(r"address(es)?\d+", key) and "," in value]
    yield from (pair for pair in said if not re.fullmatch(r"address(es)?\d+", pair[0]) and not (client and pair[0] in MADE_UP[version]))
    yield from (("gateway", gateway) for gateway in gateways[:1] if gateway and "gateway" not in given)
    if "route-metric" not in given and seen.metrics.get(version) is not None:
        yield "route-metric", str(seen.metrics[version])
    if client:
        yield from _identity(version, seen, mac) or [pair for pair in said if pair[0] in MADE_UP[version]]


def _identity(version, seen, mac):
    """What its client, and its addresses, go by."""
    if version == 4:
        return [("dhcp-client-id", seen.client)] if seen.client else []
    found = [("dhcp-duid", seen.duid)] if seen.duid else []
    found += [("dhcp-iaid", str(int(seen.iaid.replace(":", ""), 16)))] if seen.iaid else []
    end = next((int(ipaddress.IPv6Interface(cidr).ip) & 2**64 - 1 for cidr in seen.addresses if cidr.endswith("/64")), None)
    if end is not None:
        found += [("addr-gen-mode", "eui64"), *([("token", str(ipaddress.IPv6Address(end)))] if end != _eui64(mac) else [])]
    return found


def _eui64(mac):
    """The second half of addresses that are made of a MAC address (RFC 4291, appendix A)."""
    octets = bytes.fromhex(mac.replace(":", ""))
    return int.from_bytes(bytes([octets[0] ^ 2]) + octets[1:3] + b"\xff\xfe" + octets[3:], "big")


def addresses(said, own):
    """The pairs of a family's section of an uplink's bridge: those that are inherited, with those (``own``) that ours would be without."""
    given, method = dict(said), dict(own)["method"]
    if given.get("method") in CLIENTS or method != "manual" and given.get("method") != "manual":  # what was manual goes by the addresses that there are
        method = given.get("method", method)
    count = len({key.partition("_")[0] for key in given if re.fullmatch(r"routes?\d+(_options)?", key)})
    yield "method", method
    yield from ((key, value) for key, value in said if key != "method")
    for key, value in own:
        found = re.fullmatch(r"route(\d+)(.*)", key)
        if found:
            yield f"route{int(found[1]) + count}{found[2]}", value
        elif key.startswith("address"):
            yield key, value
