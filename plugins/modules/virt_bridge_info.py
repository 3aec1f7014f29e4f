#!/usr/bin/python
# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: virt_bridge_info
short_description: Tell which bridges a host has
version_added: 0.1.0
description:
  - Every bridge of the host with its ports, their states, the MAC addresses that were learned, VLANs and counters.
options:
  name:
    description:
      - Name of the device to tell of; all where it is not given.
    type: str
extends_documentation_fragment:
  - virtlab.network.common
  - virtlab.network.common.info
seealso:
  - module: virtlab.network.virt_bridge
"""

EXAMPLES = r"""
- name: Which bridges are there
  virtlab.network.virt_bridge_info:
  register: found

- name: Who is behind br0
  ansible.builtin.debug:
    msg: "{{ found.bridges | selectattr('name', 'eq', 'br0') | map(attribute='ports') | first | default([]) }}"
"""

RETURN = r"""
bridges:
  description: What was found, sorted by name; an empty list where nothing matches.
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: Name.
      type: str
    kind:
      description: Kind, as ip(8) has it; V(nic) for a device that has none.
      type: str
    config:
      description: The device in the shape of the module that makes such, without its MAC address.
      type: dict
    mac:
      description: MAC address.
      type: str
    lab:
      description: Lab that it is marked with, or null.
      type: str
    operstate:
      description: Whether it works, as the kernel has it.
      type: str
    ifindex:
      description: Index.
      type: int
    dynamic_addresses:
      description: Addresses that DHCP or router advertisements gave it.
      type: list
      elements: str
    counters:
      description: Bytes, packets, errors and drops, received and sent, as C(ip -s link) has them.
      type: dict
    guests:
      description: NICs of running guests that are it, or are on it.
      type: list
      elements: dict
    ports:
      description: Of a bridge, its ports - C(name), C(state) in STP's words, C(macs) that are in the bridge's table, and C(counters).
      type: list
      elements: dict
  sample: [{name: br0, kind: bridge, mac: "52:54:00:6b:3c:58", operstate: UP}]
"""

from ..module_utils.run import information


def main():
    """Entry point."""
    information("bridges")


if __name__ == "__main__":
    main()
