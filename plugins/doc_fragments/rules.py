# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options of what nft(8) keeps, computed from the models that declare them."""

from __future__ import annotations

from ..module_utils.model.firewall import Firewall
from ..module_utils.model.nat import Nat
from .network import document, refer, suboptions

STATE = """\
name:
  description:
    - Name of the resource, 1 to 32 letters, digits, dashes and underscores. A table of nft(8) is named after it.
  type: str
  required: true
state:
  description:
    - V(present) is there as the options say, and nothing else is; V(absent) is gone.
  type: str
  choices: [present, absent]
  default: present
"""


def nat(path=""):
    """YAML of the options of one translation of addresses."""
    return refer(STATE, path) + document(Nat, path=path)


def firewall(path=""):
    """YAML of the options of one policy between zones."""
    return refer(STATE, path) + document(Firewall, path=path)


def _list(kind, text):
    head = f"options:\n  {kind}s:\n    description:\n      - Each in the shape of M(virtlab.network.virt_{kind}).\n    type: list\n    elements: dict\n"
    return f"{head}    suboptions:\n{suboptions(text, 3)}"


class ModuleDocFragment:
    """The fragments virtlab.network.rules.nat and .firewall: one resource's options; and .nats and .firewalls: those of virt_host's lists."""

    NAT: str = "options:\n" + suboptions(nat(), 1)
    FIREWALL: str = "options:\n" + suboptions(firewall(), 1)
    NATS: str = _list("nat", nat("nats[]."))
    FIREWALLS: str = _list("firewall", firewall("firewalls[]."))
