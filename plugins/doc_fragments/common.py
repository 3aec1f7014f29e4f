# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that every module of the collection shares."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragment virtlab.network.common."""

    DOCUMENTATION = r"""
options:
  uri:
    description:
      - libvirt connection URI on the managed host.
      - Session URIs run without privileges, so they can only use bridges that are there.
      - With the URI of another host, that host's routes and devices are not looked at, and a warning says so.
    type: str
    default: qemu:///system
requirements:
  - python >= 3.9
  - libvirt >= 9.0 with its Python bindings (python3-libvirt)
  - lxml (python3-lxml)
  - iproute2
  - pyroute2 (python3-pyroute2) and root, where ports are put back on a bridge or something is mended in the kernel
author:
  - virtlab.network contributors (@virtlab)
"""

    LAB = r"""
options:
  lab:
    description:
      - Name of the lab that what this task creates belongs to. It is written down as its mark, as into a network's metadata.
      - What was there before keeps the mark it has, or none. Only pruning looks at marks.
      - V(default) where it is not given; pruning asks for it by name.
      - 1 to 64 letters, digits, dots, dashes and underscores.
    type: str
"""

    TRIAL = r"""
options:
  rollback_after:
    description:
      - Try the change, and take it back after that many seconds unless it was confirmed, as C(commit confirmed) of routers does.
        The task drops the connection, connects anew, and confirms. Where it cannot, for the change has cut the host off, what was there before comes back,
        and the task fails and says so.
      - A process of its own makes the change, and another takes it back, so that neither needs the connection, the controller, or Ansible's temporary files.
        The host's power may go meanwhile, too, where systemd runs.
      - A change that would cut the connection that asks for it is refused where this is not given.
      - The time starts with the change, so that it must suffice for the change itself; 5 to 3600. Nothing is tried in check mode, or where nothing changes.
      - While a change is on trial, no other task of this collection changes the host.
    type: int
seealso:
  - module: virtlab.network.virt_confirm
"""

    ATTRIBUTES = r"""
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
    details: [The prediction is exact; what libvirt will generate is shown as C((generated)).]
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: full
    details: [The header tells the cost of the change and the guests that would notice it.]
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
    support: full
"""

    INFO = r"""
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
    details: [This module changes nothing.]
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: N/A
    details: [This module changes nothing.]
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
    support: full
    details: [This module changes nothing.]
"""
