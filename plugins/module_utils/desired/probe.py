# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to the probe that is wanted, or an error before anything is touched."""

from __future__ import annotations

import ipaddress

from ..errors import ValidationError
from ..model.option import declared, plain, read
from ..model.probe import GATEWAY, KINDS, TRANSPORTS, WORDS, Place, Probe

#: options that say where a probe is
PLACES = ("network", "bridge", "host")


def probe(params):
    """The Probe of virt_probe's options."""
    wanted = read(Probe, params)
    check_place(wanted)
    for number, check in enumerate(wanted.checks or ()):
        check_check(f"checks[{number}]", check)
        _check_server(f"checks[{number}]", check, wanted)
    check_ears(wanted.listen or (), "listen")
    for number, quiet in enumerate(wanted.quiet or ()):
        _check_quiet(f"quiet[{number}]", quiet)
    for name in ("listen", "quiet"):
        if getattr(wanted, name) and not wanted.checks and not wanted.seconds:
            raise ValidationError(name, "given", "without checks the probe would be gone at once", "say with seconds how long it is to stay")
    return wanted


def check_ears(ears, path):
    """Raise ValidationError where a port is to be listened on twice."""
    opened = [(each.port, kind) for each in ears for kind in ([each.protocol] if each.protocol else TRANSPORTS)]
    twice = next((each for each in opened if opened.count(each) > 1), None)
    if twice:
        raise ValidationError(path, f"{twice[1]} {twice[0]}", "is there twice", "give each once")


def check_place(wanted, path=""):
    """Raise ValidationError for a Place that is none; ``path`` is where its options stand."""
    given = [name for name in PLACES if getattr(wanted, name)]
    if len(given) != 1:
        raise ValidationError(f"{path}network", wanted.network, "a probe is at one place", "give either network, bridge or host")
    if wanted.host:
        _check_host(wanted, path)
    if wanted.portgroup and wanted.network is None:
        raise ValidationError(f"{path}portgroup", wanted.portgroup, "a bridge has none; networks of libvirt's have", "give network, or vlan")
    _check_addresses(wanted, path)


def _check_host(wanted, path):
    known = {name for name, unused in declared(Place)} | {"listen", "quiet", "seconds"}
    for name in sorted(known - {"host"}):
        if getattr(wanted, name, None) not in (None, False):
            raise ValidationError(f"{path}{name}", plain(getattr(wanted, name)), "the host itself has what it has, and does nothing but checks", "leave it out")


def _check_addresses(wanted, path):
    if getattr(wanted, "checks", None) and wanted.given and not (wanted.dhcp or wanted.slaac or wanted.addresses):
        raise ValidationError(f"{path}dhcp", list(wanted.dhcp or ()), "a probe without any address can check nothing",
                              "give dhcp, slaac or addresses, or leave all three out")
    given = {ipaddress.ip_interface(each).version for each in wanted.addresses or ()}
    versions = [ipaddress.ip_address(each).version for each in wanted.gateways or ()]
    for number, (gateway, version) in enumerate(zip(wanted.gateways or (), versions)):
        option = f"{path}gateways[{number}]"
        if versions.count(version) > 1:
            raise ValidationError(option, gateway, f"is one of several of IPv{version}", "give one of each family")
        if wanted.given and version not in given and f"ipv{version}" not in (wanted.dhcp or ()) and not (version == 6 and wanted.slaac):
            raise ValidationError(option, gateway, f"the probe has no address of IPv{version}", f"add one to addresses, or ipv{version} to dhcp")
        subnets = [each.network for each in map(ipaddress.ip_interface, wanted.addresses or ()) if each.version == version]
        fixed = f"ipv{version}" not in (wanted.dhcp or ()) and not (version == 6 and wanted.slaac)
        found = ipaddress.ip_address(gateway)
        if fixed and subnets and not found.is_link_local and not any(found in each for each in subnets):
            raise ValidationError(option, gateway, f"is on no subnet of the probe, which is on {', '.join(map(str, subnets))}", "name a router there")


def check_check(path, check):
    """Raise ValidationError for a Check that is none."""
    kinds = [each for each in KINDS if getattr(check, each) is not None]
    if len(kinds) != 1:
        raise ValidationError(path, ", ".join(kinds), f"a check is one of {', '.join(KINDS)}", "give one, and more checks for the others")
    kind, target = check.kind, _address(check.target)
    if kind in TRANSPORTS and check.port is None:
        raise ValidationError(f"{path}.port", None, f"{kind} needs one", "say which")
    for name, kinds in (("port", TRANSPORTS), ("send", TRANSPORTS), ("server", ("resolve",))):
        if getattr(check, name) is not None and kind not in kinds:
            raise ValidationError(f"{path}.{name}", getattr(check, name), f"means nothing to {kind}", "leave it out")
    if target is not None and check.family and kind != "resolve" and check.family != f"ipv{target.version}":
        raise ValidationError(f"{path}.family", check.family, f"{target} is of the other", "leave it out")
    if kind == "resolve" and check.target == GATEWAY:
        raise ValidationError(f"{path}.resolve", GATEWAY, "is the word for the router, which has no name here", "write gateway. for a host of that name")
    _check_expectation(f"{path}.expect", check)


def _check_server(path, check, wanted):
    if (check.kind == "resolve" and check.server is None) and wanted.given and not wanted.nameservers and not wanted.dhcp and not wanted.slaac:
        raise ValidationError(f"{path}.resolve", check.target, "the probe knows no name server", "give nameservers, or server")


def _check_expectation(path, check):
    if check.expect is None:
        return
    words = [each for each in check.expect if each in WORDS]
    if not check.expect or words and len(check.expect) > 1:
        raise ValidationError(path, list(check.expect), "must be one word, or all values that are expected", f"words are {', '.join(WORDS)}")
    for value in check.expect if not words else ():
        if check.kind not in ("resolve", "trace", "mtu"):
            raise ValidationError(path, value, f"must be one of {', '.join(WORDS)}")
        if check.kind == "mtu" and not value.isdecimal():
            raise ValidationError(path, value, f"must be a number of bytes, or one of {', '.join(WORDS)}")
        if check.kind == "trace" and _address(value) is None:
            raise ValidationError(path, value, f"must be the address of a router, or one of {', '.join(WORDS)}")
        if check.kind == "resolve" and _address(check.target) is None and _address(value) is None:
            raise ValidationError(path, value, f"must be an address, as a name is looked up, or one of {', '.join(WORDS)}")


def _check_quiet(path, quiet):
    for name in ("protocols", "ports", "sources"):
        if getattr(quiet, name) == ():
            raise ValidationError(f"{path}.{name}", [], "nothing is any of none, and this is not an entry for all", "give some, or leave it out for all")
    if quiet.ports and quiet.protocols and not set(quiet.protocols) & {"tcp", "udp"}:
        raise ValidationError(f"{path}.ports", list(quiet.ports), f"{', '.join(quiet.protocols)} has none", "say tcp or udp, or leave protocols out")


def _address(value):
    """The address that a text is, or None."""
    try:
        return ipaddress.ip_address(value)
    except ValueError:
        return None
