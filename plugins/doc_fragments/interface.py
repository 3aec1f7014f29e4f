# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options of guests' NICs, computed from the model that declares them."""

from __future__ import annotations

from ..module_utils.model.interface import Interface
from .network import document, refer, suboptions

STATE = """\
domain:
  description:
    - Name of the guest, which is there already.
  type: str
  required: true
state:
  description:
    - V(present) is a NIC as the options say; what they leave out is left alone, and one that is not there is made. V(absent) is gone.
    - A guest that is stored and runs has its NIC in both views, V(present) in both and V(absent) in none.
  type: str
  choices: [present, absent]
  default: present
on_replug:
  description:
    - What becomes of a change that libvirt cannot make while the guest runs, such as of O(mac), O(model) or O(mtu).
    - V(replug) unplugs the NIC and plugs it anew, as what it is asked to be, in the same slot. The guest sees one go and another come, and asks for its
      addresses again. It has to take part in hot-plugging; where it does not let go of the NIC in 30 seconds, the task fails.
    - V(never) fails.
    - V(defer) stores the change, which then waits for the guest's next start; what of it libvirt can change while it runs is changed.
  type: str
  choices: [replug, never, defer]
  default: replug
"""


def interface(path=""):
    """YAML of the options of one NIC."""
    return refer(STATE, path) + document(Interface, path=path)


class ModuleDocFragment:
    """The fragment virtlab.network.interface: one NIC's options; and .list: those of virt_host's list."""

    DOCUMENTATION: str = "options:\n" + suboptions(interface(), 1)

    LIST: str = (
        "options:\n  interfaces:\n    description:\n      - Guests' NICs, each in the shape of M(virtlab.network.virt_interface).\n"
        "        Those of one guest that are new come in the order in which they are given.\n    type: list\n    elements: dict\n    suboptions:\n"
    ) + suboptions(interface("interfaces[]."), 3)
