# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that modules share, computed from the models that declare them."""

from __future__ import annotations

import json

from ..module_utils.model.network import Network
from ..module_utils.model.option import declared


def document(cls, indent="", path="", skip=()):
    """YAML of the options of a dataclass, for the ``options:`` of DOCUMENTATION. ``path`` is where the dataclass stands in the module's options."""
    return "".join(_document_one(name, entry, indent, path) for name, entry in declared(cls) if name not in skip)


def _document_one(name, entry, indent, path):
    sentences = [entry.help] + ([f"Needs libvirt {entry.since} or newer."] if entry.since else [])
    lines = [f"{name}:", "  description:"] + [f"    - {json.dumps(refer(sentence, path))}" for sentence in sentences]
    kind = "dict" if entry.nested else entry.kind.ansible
    lines += ["  type: list", f"  elements: {kind}"] if entry.many else [f"  type: {kind}"]
    if entry.required:
        lines.append("  required: true")
    if not entry.nested and entry.kind.choices:
        lines.append(f"  choices: {json.dumps(list(entry.kind.choices))}")
    text = "".join(f"{indent}{line}\n" for line in lines)
    if entry.nested:
        text += f"{indent}  suboptions:\n" + document(entry.kind, indent + "    ", f"{path}{name}{'[]' if entry.many else ''}.")
    return text


def refer(text, path):
    """``text`` with its O() references to options beside it made whole."""
    return text.replace("O(", f"O({path}")


def suboptions(text, levels):
    """``text`` indented by so many levels."""
    return "".join(f"{'  ' * levels}{line}\n" for line in text.splitlines())


STATE = """\
name:
  description:
    - Name of the network.
    - With O(xml) it can be left out; the name in the document rules.
  type: str
xml:
  description:
    - A whole C(<network>) document instead of the options below.
    - What it leaves out is libvirt's default; UUID, MAC address and bridge name of a network that is there are kept.
    - What libvirt would drop gives a warning; what it would refuse, could not start, or lose is refused.
  type: str
state:
  description:
    - V(active) is defined and running, V(inactive) defined and stopped, V(present) defined, running or not, V(absent) gone.
  type: str
  choices: [active, inactive, present, absent]
  default: active
autostart:
  description:
    - Start the network with libvirt.
    - Where it is not given it is V(true) for a network that the task defines or makes V(active), and else stays as it is.
  type: bool
persistent:
  description:
    - V(false) makes a transient network, which is gone when it stops.
    - Where it is not given it is V(true) for a network that the task defines, and else stays as it is.
  type: bool
force:
  description:
    - With O(state=absent), remove the network although guests are attached to it, which cuts them off.
  type: bool
  default: false
on_restart:
  description:
    - What becomes of a change that libvirt cannot make while the network runs.
    - V(reattach) restarts the network and puts every port of its bridge back, with its settings - guests' NICs and whatever else
      was on it. Guests lose some seconds of traffic, and keep their leases.
    - V(if_unused) restarts the network if nothing is on its bridge, and else fails and names what is.
    - V(never) fails.
    - V(defer) stores the change, which then waits for the network's next start; what of it libvirt can change while it runs
      is changed.
  type: str
  choices: [reattach, if_unused, never, defer]
  default: reattach
"""


def network(path=""):
    """YAML of the options of one network."""
    return refer(STATE, path) + document(Network, path=path, skip=("name",))


class ModuleDocFragment:
    """The fragment virtlab.network.network: one network's options."""

    DOCUMENTATION: str = "options:\n" + suboptions(network(), 1)

    #: the same options as the entries of a list
    LIST: str = (
        "options:\n  networks:\n    description:\n      - Networks, each in the shape of M(virtlab.network.virt_network).\n"
        "    type: list\n    elements: dict\n    suboptions:\n"
    ) + suboptions(network("networks[]."), 3)
