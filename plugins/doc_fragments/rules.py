# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options of what nft(8) keeps, computed from the models that declare them."""

from __future__ import annotations

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


class ModuleDocFragment:
    """The fragment virtlab.network.rules.nat: one resource's options; and .nats: those of virt_host's list."""

    NAT: str = "options:\n" + suboptions(nat(), 1)
    NATS: str = (
        "options:\n  nats:\n    description:\n      - Each in the shape of M(virtlab.network.virt_nat).\n    type: list\n    elements: dict\n"
        f"    suboptions:\n{suboptions(nat('nats[].'), 3)}"
    )
