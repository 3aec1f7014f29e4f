# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specs, computed from the models they describe, so that an option is declared once.

A module imports the models of its own options alone.
"""

from __future__ import annotations

from .model.option import declared

STATES = ("active", "inactive", "present", "absent")
#: what virt_link makes, and NICs that are there without it; bridges and TAPs have modules of their own
LINK_KINDS = ("bond", "team", "vlan", "macvlan", "macvtap", "ipvlan", "ipvtap", "veth", "dummy", "vxlan", "nic")
PERSIST = ("auto", "networkd", "networkmanager", "none")
ON_RESTART = ("reattach", "if_unused", "never", "defer")
ON_REPLUG = ("replug", "never", "defer")


def of_model(cls):
    """The argument spec of a dataclass of options."""
    return {name: {**_of_option(entry), **({"no_log": entry.secret} if entry.secret or "key" in name else {})} for name, entry in declared(cls)}


def _of_option(entry):
    spec = {"type": "dict", "options": of_model(entry.kind)} if entry.nested else {"type": entry.kind.ansible}
    if not entry.nested and entry.kind.choices:
        spec["choices"] = list(entry.kind.choices)
    if entry.many:
        spec["elements"] = spec.pop("type")
        spec["type"] = "list"
    if entry.required:
        spec["required"] = True
    return spec


def connection():
    """What every module that talks to libvirt takes."""
    return {"uri": {"type": "str", "default": "qemu:///system"}}


def lab():
    """The ownership mark."""
    return {"lab": {"type": "str"}}


def trial():
    """What every module that changes something takes."""
    return {"rollback_after": {"type": "int"}}


def network():
    """Everything about one network, with the constraints between its options: a dict of AnsibleModule's or suboptions' keywords."""
    from .model.network import Network

    definition = of_model(Network)
    definition["name"] = {"type": "str"}
    return {
        "options": {
            **definition,
            "xml": {"type": "str"},
            "state": {"type": "str", "default": "active", "choices": list(STATES)},
            "autostart": {"type": "bool"},
            "persistent": {"type": "bool"},
            "force": {"type": "bool", "default": False},
            "on_restart": {"type": "str", "default": "reattach", "choices": list(ON_RESTART)},
        },
        "mutually_exclusive": [("xml", name) for name in definition if name != "name"],
        "required_one_of": [("name", "xml")],
    }


def _device(skip, *more):
    """What all devices take, without the options ``skip``, and the options of the classes ``more``."""
    from .model.link import Link

    common = {name: spec for name, spec in of_model(Link).items() if name not in skip}
    options = {"name": {"type": "str", "required": True}, **common, "state": {"type": "str", "default": "present", "choices": ["present", "absent"]}}
    for cls in more:
        options.update(of_model(cls))
    persist = {"type": "str", "default": "auto", "choices": list(PERSIST)}
    return {**options, **{flag: {"type": "bool", "default": False} for flag in ("force", "steal", "takeover")}, "persist": persist}


def bridge():
    """Everything about one bridge."""
    from .model.bridge import Bridge, BridgePort, Vlans

    ports = {"type": "list", "elements": "dict", "options": of_model(BridgePort)}
    return {"options": {**_device(("link", "controller", "port"), Bridge), "ports": ports, "vlans": {"type": "dict", "options": of_model(Vlans)},
                        "uplink": {"type": "str"}}}


def tap():
    """Everything about one TAP or TUN device."""
    from .model.link_kinds import Tun

    return {"options": _device(("link",), Tun)}


def link():
    """Everything about one device of another kind."""
    from .model.link import KINDS

    own = {name: {"type": "dict", "options": of_model(KINDS[name])} for name in LINK_KINDS if name in KINDS and name not in ("macvtap", "ipvtap")}
    ports = {"type": "list", "elements": "str"}
    return {"options": {**_device(()), "kind": {"type": "str", "choices": list(LINK_KINDS)}, "ports": ports, **own}}


def _table(cls):
    """What all that is a table of nft(8) takes, and the options of a class."""
    state = {"type": "str", "default": "present", "choices": ["present", "absent"]}
    return {"options": {"name": {"type": "str", "required": True}, **of_model(cls), "state": state}}


def nat():
    """Everything about one translation of addresses."""
    from .model.nat import Nat

    return _table(Nat)


def firewall():
    """Everything about one policy between zones."""
    from .model.firewall import Firewall

    return _table(Firewall)


def interface():
    """Everything about one NIC of a guest."""
    from .model.interface import Interface

    return {"options": {
        "domain": {"type": "str", "required": True}, **of_model(Interface), "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
        "on_replug": {"type": "str", "default": "replug", "choices": list(ON_REPLUG)},
    }}


def guest():
    """Everything about one guest, with its NICs."""
    from .model.guest import Guest

    nics = {name: spec for name, spec in interface()["options"].items() if name != "domain"}
    return {"options": {
        "name": {"type": "str", "required": True}, **of_model(Guest), "interfaces": {"type": "list", "elements": "dict", "options": nics},
        "state": {"type": "str", "default": "running", "choices": ["running", "shutoff", "absent"]}, "autostart": {"type": "bool"},
        "directory": {"type": "str", "default": "/var/lib/libvirt/images"}, "force": {"type": "bool", "default": False},
        "shutdown_timeout": {"type": "int", "default": 60},
    }}


#: kinds of resources in the order of virt_host's lists, each of which is named after one; with everything about one
KINDS_OF_RESOURCES = {"network": network, "bridge": bridge, "tap": tap, "link": link, "nat": nat, "firewall": firewall, "guest": guest,
                      "interface": interface}


def of_kind(kind):
    """AnsibleModule's keywords for the module of one kind of resource."""
    spec = KINDS_OF_RESOURCES[kind]()
    return {"argument_spec": {**spec.pop("options"), **trial(), **lab(), **connection()}, **spec}


def virt_host():
    """AnsibleModule's keywords for virt_host."""
    lists = {f"{kind}s": {"type": "list", "elements": "dict", **spec()} for kind, spec in KINDS_OF_RESOURCES.items()}
    return {
        "argument_spec": {**lists, **{flag: {"type": "bool", "default": False} for flag in ("prune", "force")}, **trial(), **lab(), **connection()},
        "required_if": [("prune", True, ("lab",))],
    }


def virt_network_info():
    """AnsibleModule's keywords for virt_network_info."""
    options = {name: {"type": "str"} for name in ("name", "uuid", "bridge")}
    return {"argument_spec": {**options, **connection()}, "mutually_exclusive": [tuple(options)]}


def virt_bridge_info():
    """AnsibleModule's keywords for virt_bridge_info."""
    return {"argument_spec": {"name": {"type": "str"}, **connection()}}


def virt_link_info():
    """AnsibleModule's keywords for virt_link_info."""
    return {"argument_spec": {"name": {"type": "str"}, "kind": {"type": "str"}, **connection()}}


def virt_nat_info():
    """AnsibleModule's keywords for virt_nat_info."""
    return {"argument_spec": {"name": {"type": "str"}, **connection()}}


def virt_interface_info():
    """AnsibleModule's keywords for virt_interface_info."""
    return {"argument_spec": {"domain": {"type": "str"}, "network": {"type": "str"}, **connection()}}


def virt_neighbour_info():
    """AnsibleModule's keywords for virt_neighbour_info."""
    return {"argument_spec": connection()}


def virt_confirm():
    """AnsibleModule's keywords for virt_confirm."""
    return {"argument_spec": {"id": {"type": "str"}, "confirm": {"type": "bool", "default": True}}}


def virt_probe():
    """AnsibleModule's keywords for virt_probe."""
    from .model.probe import Probe

    return {"argument_spec": {**of_model(Probe), **connection()}}


def virt_ends():
    """AnsibleModule's keywords for virt_ends."""
    from .model.ends import Ends

    return {"argument_spec": {**of_model(Ends), **connection()}}
