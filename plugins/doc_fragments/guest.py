# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options of guests, computed from the models that declare them."""

from __future__ import annotations

from ..module_utils.model.guest import Guest
from .interface import interface
from .network import document, refer, suboptions

STATE = """\
name:
  description:
    - Name of the guest.
  type: str
  required: true
state:
  description:
    - V(running) runs, V(shutoff) is stored and does not run. A guest that is not there is made.
    - V(absent) is gone, with the files that were made with it and no others, running or not. Naming a guest is permission to remove it.
  type: str
  choices: [running, shutoff, absent]
  default: running
autostart:
  description:
    - Start the guest with libvirt.
    - Where it is not given it is V(true) for a guest that the task makes V(running), and else stays as it is.
  type: bool
directory:
  description:
    - Folder in which files are made that are given no path, the disk that cloud-init reads among them. It is there already.
  type: str
  default: /var/lib/libvirt/images
force:
  description:
    - With O(state=shutoff), pull the guest's plug at once, instead of asking it to shut down.
  type: bool
  default: false
shutdown_timeout:
  description:
    - Seconds in which a guest is to shut down that is asked to. One that has not by then runs on, and the task fails.
  type: int
  default: 60
interfaces:
  description:
    - NICs of the guest, each in the shape of M(virtlab.network.virt_interface). A new guest has them from its first boot on, in this order.
    - A NIC that has neither O(interfaces[].mac) nor O(interfaces[].alias) has a MAC address that follows from the guest's UUID and the place in the list, by
      which it is found again. Where there are several, an alias or a MAC address each lets them change places.
    - NICs that are not listed are left alone; C(state=absent) detaches one.
  type: list
  elements: dict
  suboptions:
"""


def guest(path=""):
    """YAML of the options of one guest."""
    nics = interface(f"{path}interfaces[].")
    own = nics[nics.index("state:\n"):]  # without the option that says of which guest it is
    return refer(STATE, path) + suboptions(own, 2) + document(Guest, path=path)


class ModuleDocFragment:
    """The fragment virtlab.network.guest: one guest's options; and .list: those of virt_host's list."""

    DOCUMENTATION: str = "options:\n" + suboptions(guest(), 1)

    LIST: str = (
        "options:\n  guests:\n    description:\n      - Guests, each in the shape of M(virtlab.network.virt_guest).\n"
        "    type: list\n    elements: dict\n    suboptions:\n"
    ) + suboptions(guest("guests[]."), 3)
