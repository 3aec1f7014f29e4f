#!/usr/bin/python
# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: virt_nat_info
short_description: Tell which translations of addresses a host has
version_added: 0.1.0
description:
  - Returns the translations that M(virtlab.network.virt_nat) made, as they were asked for, and whether the kernel has them so.
  - What libvirt itself translates is told by M(virtlab.network.virt_network_info), as the network's forward mode.
options:
  name:
    description: Only the translation of this name.
    type: str
extends_documentation_fragment:
  - virtlab.network.common
  - virtlab.network.common.info
seealso:
  - module: virtlab.network.virt_nat
"""

EXAMPLES = r"""
- name: Which ports of the host lead to guests
  virtlab.network.virt_nat_info:
  register: found

- name: Show them
  ansible.builtin.debug:
    msg: "{{ found.nats | map(attribute='forwards') | flatten }}"
"""

RETURN = r"""
nats:
  description:
    - What was found, sorted by name; an empty list where nothing matches. Beside what stands here each has the options of M(virtlab.network.virt_nat)
      that made it.
  type: list
  elements: dict
  returned: success
  contains:
    name: {description: Name., type: str, returned: always}
    lab: {description: The lab whose mark it bears., type: str, returned: always}
    network: {description: The network of libvirt's whose subnets it is for., type: str, returned: where it was asked for}
    forwards: {description: Ports of the host that lead to guests., type: list, elements: dict, returned: where it was asked for}
    kernel: {description: "V(as asked), or what the kernel has in its place.", type: str, returned: always}
    rules: {description: "What nft(8) reads, line by line.", type: list, elements: str, returned: always}
    doors: {description: Rules of other programs that let its packets pass., type: list, elements: str, returned: where it has any}
    sysctl: {description: Settings of sysctl(8) that it needs., type: dict, returned: always}
"""

from ..module_utils.run import information


def main():
    """Entry point."""
    information("nats")


if __name__ == "__main__":
    main()
