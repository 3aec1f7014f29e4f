#!/usr/bin/python
# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: virt_guest
short_description: Make one libvirt guest, with its disks and NICs, what the options say
version_added: 0.1.0
description:
  - Makes a guest of QEMU from an image, a cloud image with cloud-init, a medium, or a kernel, or a container of LXC; changes it; starts and stops it; and
    removes it with what was made with it.
  - virt-install(1) writes the definition, with what suits the guest's operating system, and creates nothing. Disks, NICs and the rest this module puts in.
  - A guest that is there is never made anew, and no file is ever written over. What can be changed of it is stored, for its next start where it runs, which a
    warning tells. What it was made with is compared with what is asked, and a warning names what differs.
  - NICs of a guest that is there are attached, changed and detached as M(virtlab.network.virt_interface) does, before the guest is started.
  - A guest, and what was made with it, bears the mark of O(lab) in its metadata. What a killed run had begun the next one finishes.
extends_documentation_fragment:
  - virtlab.network.guest
  - virtlab.network.common
  - virtlab.network.common.lab
  - virtlab.network.common.trial
  - virtlab.network.common.attributes
requirements:
  - root, and O(uri) of this host
  - virt-install >= 4.1 (virtinst), where a guest is made
  - qemu-img (qemu-utils), where disks are made
  - xorriso, where there is O(cloud_init)
seealso:
  - module: virtlab.network.virt_interface
  - module: virtlab.network.virt_network
  - module: virtlab.network.virt_host
"""

EXAMPLES = r"""
- name: A guest from a cloud image, on two networks
  virtlab.network.virt_guest:
    name: web
    memory: 2048
    vcpus: 2
    os: debian12
    disks:
      - {image: /var/lib/libvirt/images/debian-12-generic-amd64.qcow2, backing: true, size: 20G}
    cloud_init:
      user_data: |
        #cloud-config
        ssh_authorized_keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHk9 me@example.org]
    interfaces:
      - {alias: ua-front, network: front}
      - {alias: ua-back, network: back}

- name: A guest that boots a kernel, and has no disk
  virtlab.network.virt_guest:
    name: tiny
    memory: 128
    kernel: /var/lib/virtlab-guest/vmlinuz
    initrd: /var/lib/virtlab-guest/initrd
    cmdline: console=ttyS0 quiet guest=tiny
    interfaces:
      - network: default

- name: An installer from its medium, told by its kernel's command line to talk to the serial console
  virtlab.network.virt_guest:
    name: vm1
    memory: 2048
    vcpus: 2
    disks:
      - size: 10G
      - {path: /srv/iso/debian-12-netinst.iso, device: cdrom}
    kernel: /srv/iso/debian-12/vmlinuz
    initrd: /srv/iso/debian-12/initrd.gz
    cmdline: console=ttyS0,115200n8
    interfaces:
      - network: default

- name: A container that shares the host's files
  virtlab.network.virt_guest:
    uri: lxc:///system
    name: box
    memory: 64
    init: /bin/sleep
    init_args: [infinity]
    interfaces:
      - network: default

- name: More memory from the next start on
  virtlab.network.virt_guest:
    name: web
    memory: 4096

- name: No guest any more, nor its disk, nor what cloud-init read
  virtlab.network.virt_guest:
    name: web
    state: absent
"""

RETURN = r"""
before:
  description:
    - The guest before the task, in the shape of the options, as it is stored. One that is not there has no more than C(state), and C(left), files that an
      interrupted run has begun, where there are such.
    - Of C(cloud_init) there are digests.
  type: dict
  returned: success
  sample: {state: absent}
after:
  description: The guest after the task, in the same shape. One that was made has its C(interfaces).
  type: dict
  returned: success
  sample: {name: tiny, state: running, uuid: 2f1d8a3e-5b6c-5f0e-8a4e-8e9f0c5d7a11, autostart: true, memory: 128, vcpus: 1, lab: default}
changes:
  description: What changed, or would change, each with its price. Those of NICs of a guest that was there have the NIC in front of the field.
  type: list
  elements: dict
  returned: success
  contains:
    field:
      description: Option or part of it, such as V(memory) or V(state).
      type: str
    before:
      description: Value before.
      type: raw
    after:
      description: Value after.
      type: raw
    cost:
      description: V(live) where no guest is cut off, V(restart) where one is, as it stops or a NIC of it is.
      type: str
  sample: [{field: state, before: absent, after: running, cost: live}]
cost:
  description: The dearest of RV(changes), or an empty string.
  type: str
  returned: success
  sample: live
affected_guests:
  description: NICs with V(domain), V(target) and V(mac) that are cut off.
  type: list
  elements: dict
  returned: success
  sample: []
trial:
  description: Of a change that was made with O(rollback_after), whether it was confirmed or taken back.
  type: dict
  returned: where it was given, and something changed
  sample: {id: 3f0c9a5d17be, rollback_after: 60, outcome: confirmed}
"""

from ..module_utils.run import resource


def main():
    """Entry point."""
    resource("guest")


if __name__ == "__main__":
    main()
