# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specs, computed from the models they describe, so that an option is declared once."""

from __future__ import annotations

from .model.network import Network
from .model.option import declared

STATES = ("active", "inactive", "present", "absent")
ON_RESTART = ("reattach", "if_unused", "never", "defer")


def of_model(cls):
    """The argument spec of a dataclass of options."""
    return {name: _of_option(entry) for name, entry in declared(cls)}


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


def network():
    """Everything about one network, with the constraints between its options: a dict of AnsibleModule's or suboptions' keywords."""
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


def virt_network():
    """AnsibleModule's keywords for virt_network."""
    spec = network()
    return {"argument_spec": {**spec.pop("options"), **lab(), **connection()}, **spec}


def virt_host():
    """AnsibleModule's keywords for virt_host."""
    networks = {"type": "list", "elements": "dict", **network()}
    return {
        "argument_spec": {"networks": networks, **{flag: {"type": "bool", "default": False} for flag in ("prune", "force")}, **lab(), **connection()},
        "required_if": [("prune", True, ("lab",))],
    }


def virt_network_info():
    """AnsibleModule's keywords for virt_network_info."""
    options = {name: {"type": "str"} for name in ("name", "uuid", "bridge")}
    return {"argument_spec": {**options, **connection()}, "mutually_exclusive": [tuple(options)]}
