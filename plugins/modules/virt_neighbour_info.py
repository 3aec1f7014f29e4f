#!/usr/bin/python
# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: virt_neighbour_info
short_description: Tell what other programs do to virtual networks, and what to do about it
version_added: 0.1.0
description:
  - A packet has to pass the rules of all programs, and what one drops no other can let in. This module follows a packet through all chains that are looked at
    when the host passes it on, for each network of libvirt's that runs, as far as the rules tell for certain, and names who drops it.
  - It knows Docker, ufw, firewalld and libvirt by their chains; other tables are named as they are. It also looks at br_netfilter, which has bridged frames
    pass the firewall of IP, and at rp_filter.
extends_documentation_fragment:
  - virtlab.network.common
  - virtlab.network.common.info
seealso:
  - module: virtlab.network.virt_nat
  - module: virtlab.network.virt_firewall
"""

EXAMPLES = r"""
- name: Why do my guests not get out
  virtlab.network.virt_neighbour_info:
  register: found

- name: Say so
  ansible.builtin.debug:
    msg: "{{ found.neighbours }}"
"""

RETURN = r"""
neighbours:
  description: What was found, one entry for each thing that a program does; an empty list where nothing is in the way.
  type: list
  elements: dict
  returned: success
  contains:
    neighbour:
      description: V(docker), V(ufw), V(firewalld), V(libvirt), V(br_netfilter), V(rp_filter), or the table of nft(8) whose maker is not known.
      type: str
    networks:
      description: Networks that it breaks, or may break.
      type: list
      elements: str
    what:
      description: What it does to them.
      type: str
    remedy:
      description: The narrowest remedy, by the program's own door.
      type: str
  sample:
    - neighbour: docker
      networks: [lab]
      what: what its guests begin is dropped by chain FORWARD of table ip filter
      remedy: iptables -I DOCKER-USER -i virbr-lab -j ACCEPT; iptables -I DOCKER-USER -o virbr-lab -j ACCEPT
"""

from ..module_utils.run import information


def main():
    """Entry point."""
    information("neighbours")


if __name__ == "__main__":
    main()
