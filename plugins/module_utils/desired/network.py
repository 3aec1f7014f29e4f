# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to what is wanted: the definition in libvirt's own canonical form, or an error before anything is touched."""

from __future__ import annotations

from dataclasses import replace

from ..codec import network_xml
from ..errors import UnsupportedError, ValidationError
from ..model import network_rules, network_validate
from ..model.network import Network
from ..model.network_state import WantedNetwork
from ..model.option import declared, differences, introduced, read

DEFINITION = tuple(name for name, unused in declared(Network) if name != "name")


def network(params, mark, host):
    """The WantedNetwork of one set of virt_network's options. ``host.libvirt`` knows its version and settles definitions."""
    libvirt = host.libvirt
    definition, strict, warnings = None, True, []
    if params["state"] == "absent":
        return WantedNetwork(_name(params), None, state="absent", lab=mark, force=params["force"])
    if params.get("xml") is not None:
        definition, warnings = _from_document(params, libvirt)
        strict = False
    elif any(params.get(name) is not None for name in DEFINITION):
        definition = _from_options(params, libvirt)
        warnings = network_rules.doubts(definition)
    else:
        read(Network, {"name": params["name"]})
    if params["persistent"] is False:
        _check_transient(params)
    return WantedNetwork(
        name=definition.name if definition else params["name"], definition=definition, state=params["state"], autostart=params["autostart"],
        persistent=params["persistent"], lab=mark, force=params["force"], on_restart=params["on_restart"], strict=strict,
        warnings=tuple(warnings),
    )


def _name(params):
    """The name of a network that is to go: whatever libvirt holds under it, our own rules for names do not matter."""
    name = network_xml.parse(params["xml"]).name if params.get("xml") else None
    name = name or params["name"]
    if not name:
        raise ValidationError("name", name, "must be given here or in xml")
    return name


def _check_transient(params):
    if params["state"] in ("inactive", "present"):
        raise ValidationError("state", params["state"], "a transient network (persistent: false) is active or absent",
                              "choose one of these, or make it persistent")
    if params["autostart"]:
        raise ValidationError("autostart", True, "a transient network (persistent: false) cannot start by itself", "leave autostart out")


def _from_options(params, libvirt):
    raw = read(Network, params)
    network_rules.check(raw)
    network_validate.validate(raw, libvirt.version)
    for path, since in (*introduced(raw), *network_validate.introduced(raw)):
        if libvirt.version < tuple(map(int, since.split("."))):
            raise UnsupportedError(f"{path} needs libvirt {since} or newer; the connected libvirt is {release(libvirt)}")
    document = network_xml.build(raw)
    settled = libvirt.settle(document)
    for path, given in lost(network_xml.parse(document), settled):
        if path == "metadata":
            raise ValidationError(path, given, "libvirt keeps one element of each namespace, and none without", "give each a namespace of its own")
        raise UnsupportedError(f"{path} is {given!r}: libvirt {release(libvirt)} does not keep it for this network, so it would have no effect")
    return replace(settled, uuid=raw.uuid, mac=raw.mac, lab=None)


def _from_document(params, libvirt):
    raw = network_xml.parse(params["xml"])
    settled = libvirt.settle(params["xml"])
    network_validate.validate(settled, libvirt.version)
    warnings = [f"xml: libvirt drops {path} ({given!r}), which it does not know or not keep for this network" for path, given in lost(raw, settled)]
    dropped = [part for part in raw.unknown if part not in settled.unknown]
    warnings += [f"xml: libvirt drops what it does not know: {path or 'network'} {content}" for path, content in dropped]
    if params["name"] not in (None, settled.name):
        warnings.append(f"name is {params['name']!r}, but the name in xml rules: {settled.name!r}")
    try:
        network_rules.check(settled)
    except (ValidationError, ValueError) as err:  # ValueError: what libvirt takes for an address and Python's ipaddress does not
        warnings.append(f"xml: {err}")
    return replace(settled, uuid=raw.uuid, mac=raw.mac, lab=None), warnings


def release(libvirt):
    """The connected libvirt's version as people write it."""
    return ".".join(map(str, libvirt.version))


def lost(raw, settled):
    """Yield (field, value) of what was given and libvirt would not keep."""
    for path, before, after in differences(replace(raw, uuid=None, mac=None), replace(settled, uuid=None, mac=None)):
        if isinstance(before, list):
            yield from ((path, member) for member in before if after is None or member not in after)
        elif before not in (None, False, {}) and not (isinstance(before, dict) and after):
            yield path, before
