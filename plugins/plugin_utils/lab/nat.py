# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network whose guests go out with the host's address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ...module_utils.model.nat import Forward
from ...module_utils.model.option import option, options, plain
from ...module_utils.model.values import BOOL, LINE


@dataclass(frozen=True)
class Nat:
    """What is a NAT network's own."""

    segment: Optional[str] = option(LINE, "The only segment that guests go out by. Any where it is not given.")
    ipv6: Optional[bool] = option(BOOL, "Translate IPv6 as well.")
    coexist: Optional[bool] = option(BOOL, "Where Docker, ufw or firewalld drop packets of its guests, have them let these pass.")
    forwards: tuple = options(Forward, "Ports of the host that lead to guests.", key=())


def resources(network, own, host, lab):
    """See hosts.MODES."""
    given = {name: value for name, value in plain(own).items() if name != "segment"}
    nat = {"name": network["name"], "network": network["name"], "devices": host.devices(own.segment), **given}
    return {"networks": [{**network, **lab.served(network, [host.name]), "forward": {"mode": "open"}}], "nats": [nat]}
