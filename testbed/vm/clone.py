# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine that goes on from a template, with a name, an identity and NICs of its own."""

from __future__ import annotations

import json
import time
from pathlib import Path

from .. import world
from . import image, qemu, template
from .machine import Machine, Make


def start(lab, plan):
    """Start a machine, and make it what its plan says. Returns it once it takes commands."""
    models = [nic.model for nic in plan.nics]
    nics = [{"name": nic.name, "segment": nic.segment, "mac": nic.mac or mac(plan.number, number), "model": nic.model}
            for number, nic in enumerate(plan.nics, 1)]
    base = image.build(plan.suite, plan.packages, plan.manager)
    frozen = template.build(base, plan.memory, models)
    machine = Machine(lab, plan.name)
    machine.create(Make(str(base), str(frozen), plan.memory, f"127.0.0.{plan.number}", nics), f"{qemu.TEMPLATE}/disk.qcow2", "qcow2")
    machine.launch(qemu.GO_ON)
    with machine.qmp() as qmp:
        qmp.migrate("migrate-incoming", f"file:{qemu.TEMPLATE}/state")
        qmp.execute("cont")
    machine.await_answer(120)
    settle(machine, plan)
    return machine


def mac(host, number):
    """The MAC address of a NIC by the number of its host, and its own."""
    return f"52:54:00:aa:{host:02x}:{number:02x}"


def settle(machine, plan):
    """Give a machine its name, its time, an identity, and its NICs what they shall have now and after each boot."""
    nics = []
    for number, (nic, made) in enumerate(zip(plan.nics, machine.make.nics), 1):
        nics.append({
            "name": nic.name, "former": qemu.FORMER.format(number), "mac": made["mac"], "mtu": nic.mtu, "addresses": nic.addresses,
            "gateways": world.GATEWAYS if nic.uplink and not nic.dhcp else [], "dhcp": nic.dhcp,
        })
    servers = world.GATEWAYS[:1] if any(nic.uplink for nic in plan.nics) else []
    facts = {"name": plan.name, "time": time.time(), "nics": nics, "servers": servers, "manager": plan.manager}
    machine.run("/usr/bin/python3", "-", json.dumps(facts), input=Path(__file__).with_name("settle.py").read_text(encoding="utf-8"))
