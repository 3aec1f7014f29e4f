# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports of the host that lead to guests: how each contender builds them, is run again, and removes them."""

from __future__ import annotations

from .alone_nft import table
from .subject import Alone, Played, Subject

#: what all are for; there is no such network, and no guest
SUBNET = "10.99.0.0/16"


def forwards(count):
    """``count`` forwards, each to a guest of its own."""
    return [{"port": 10000 + number, "to": f"10.99.{number // 250}.{number % 250 + 2}", "to_port": 80} for number in range(count)]


def virt_nat(verb, count, **more):
    """All forwards in one task; ``more`` is for each of them."""
    given = {"state": "absent"} if verb == "remove" else {"subnets": [SUBNET], "forwards": [{**each, **more} for each in forwards(count)]}
    return [{"virtlab.network.virt_nat": {"name": "bench", **given}}]


def by_hand(verb, count):
    """The map of the first contender in a file that the next boot may read, which is loaded where it changed."""
    path = "/etc/handmade.nft"
    if verb == "remove":
        return [{"ansible.builtin.command": {"argv": ["nft", "delete", "table", "inet", "handmade"]}},
                {"ansible.builtin.file": {"path": path, "state": "absent"}}]
    return [{"ansible.builtin.copy": {"dest": path, "content": table(forwards(count)), "mode": "0644"}, "register": "copied"},
            {"ansible.builtin.command": {"argv": ["nft", "-f", path]}, "when": "copied is changed"}]


def iptables(verb, count):
    """ansible.builtin's module in a loop."""
    rule = {"table": "nat", "chain": "PREROUTING", "in_interface": "eth0", "protocol": "tcp", "destination_port": "{{ item.port }}", "jump": "DNAT",
            "to_destination": "{{ item.to }}:{{ item.to_port }}", "state": "absent" if verb == "remove" else "present"}
    return [{"ansible.builtin.iptables": rule, "loop": forwards(count)}]


FORWARDS = Subject(
    "forwards", (10, 200, 2000),
    {"build": "build", "again": "run again, nothing to do", "remove": "remove"},
    {"nft": Alone("nft alone, a map by hand", "alone_nft.py")},
    {"virt_nat": Played("virt_nat, one task", virt_nat, 2000),
     "by_hand": Played("copy and command", by_hand, 2000),
     "iptables": Played("builtin.iptables, a loop", iptables, 200, once=True)},
    forwards,
)
