# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What libvirt's network driver refuses to define. Its in-process test driver takes such documents, so a prediction needs these rules.

Source: networkValidate in libvirt's src/network/bridge_driver.c, 9.0 to 11.3.
"""

from __future__ import annotations

from ..errors import UnsupportedError, ValidationError
from .network import OWNING, Network
from .option import plain

#: options that libvirt takes in these forward modes only
MODES = {
    "mac": OWNING,
    "ips": OWNING,
    "domain": OWNING,
    "dns.hosts": OWNING,
    "dns.srvs": OWNING,
    "dns.txts": OWNING,
    "bandwidth": OWNING + ("bridge",),
    "forward.addresses": ("hostdev",),
    "forward.interfaces": OWNING + ("bridge", "private", "vepa", "passthrough"),
}
#: from here on guests of a Linux bridge can have VLANs
VLANS_ON_BRIDGES = (11, 0, 0)


def validate(definition: Network, version):
    """Raise ValidationError, or UnsupportedError where a newer libvirt than ``version`` (a tuple) would take it."""
    belongs(definition, MODES)
    shaping = definition.owns_bridge or definition.mode == "bridge" and definition.bridge_name
    if definition.bandwidth is not None and not shaping:
        raise ValidationError("bandwidth", short(definition.bandwidth), "needs a bridge whose name libvirt knows", "give bridge.name, or remove bandwidth")
    _validate_services(definition)
    _validate_portgroups(definition, shaping)
    _validate_vlans(definition, version)


def belongs(definition, modes):
    """Raise ValidationError for the first option of the table ``modes`` that is given in a forward mode where it does not belong."""
    for path, allowed in modes.items():
        given = value(definition, path)
        if given is not None and definition.mode not in allowed:
            raise ValidationError(path, short(given), f"has no meaning with forward mode {definition.mode}; it belongs to {', '.join(allowed)}",
                                  f"remove {path} or change forward.mode")


def value(definition, path):
    """What a definition has at a dotted path; None where it has nothing there."""
    found = definition
    for name in path.split("."):
        found = getattr(found, name) if found is not None else None
    return found if found != () else None


def short(given):
    """A value in plain form, or where that is long the beginning of its text."""
    found = plain(given)
    text = str(found)
    return found if len(text) <= 60 else f"{text[:57]}..."


def unique(path, values):
    """Raise ValidationError where a value is there twice."""
    seen = set()
    for each in values:
        if each in seen:
            raise ValidationError(path, each, "is there twice")
        seen.add(each)


def _validate_services(definition):
    serving = {}
    for number, address in enumerate(definition.ips):
        if address.address is None or address.dhcp is None or not (address.dhcp.ranges or address.dhcp.hosts):
            continue
        version = 6 if ":" in address.address else 4
        if version in serving:
            raise ValidationError(f"ips[{number}].dhcp", address.address, f"only one IPv{version} address can serve DHCP, and {serving[version]} does")
        serving[version] = f"ips[{number}] ({address.address})"


def _validate_portgroups(definition, shaping):
    unique("portgroups", [group.name for group in definition.portgroups])
    defaults = [group.name for group in definition.portgroups if group.default]
    if len(defaults) > 1:
        raise ValidationError("portgroups", ", ".join(defaults), "only one can be the default")
    for number, group in enumerate(definition.portgroups):
        if group.bandwidth is not None and not shaping:
            raise ValidationError(f"portgroups[{number}].bandwidth", short(group.bandwidth), f"cannot be had with forward mode {definition.mode}")


def _validate_vlans(definition, version):
    switch = definition.virtualport.type if definition.virtualport else None
    allowed = definition.mode in ("hostdev", "passthrough") or definition.mode == "bridge" and switch == "openvswitch"
    newer = definition.mode == "bridge" and definition.virtualport is None
    default = False
    for number, group in enumerate(definition.portgroups):
        default = default or bool(group.default)
        if definition.vlan is None and group.vlan is None:
            continue
        if group.virtualport is not None:
            if definition.mode != "bridge" or group.virtualport.type != "openvswitch":
                _refuse_vlan(f"portgroups[{number}].vlan", group.vlan or definition.vlan, version, False)
        elif not allowed:
            _refuse_vlan(f"portgroups[{number}].vlan", group.vlan or definition.vlan, version, newer)
    if definition.vlan is not None and not allowed and not default:
        _refuse_vlan("vlan", definition.vlan, version, newer)


def _refuse_vlan(path, vlan, version, newer):
    if newer and version < VLANS_ON_BRIDGES:
        release, since = (".".join(map(str, each)) for each in (version, VLANS_ON_BRIDGES))
        raise UnsupportedError(f"{path} on a Linux bridge needs libvirt {since} or newer; the connected libvirt is {release}")
    if not newer:
        raise ValidationError(path, ", ".join(str(tag.id) for tag in vlan.tags), "VLANs are for Open vSwitch, hostdev and passthrough networks, and for "
                              "Linux bridges that are there (forward mode bridge)", "remove it, or change forward.mode or virtualport")


def introduced(definition):
    """Yield (path, first libvirt version) of uses of an option that came later than the option itself."""
    if definition.mode == "open" and not definition.ips:
        yield "forward.mode open without ips", "10.8.0"
