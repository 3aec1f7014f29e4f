# SPDX-License-Identifier: GPL-3.0-or-later
"""The words that make QEMU a host, whether one that boots or one that goes on from a template."""

from __future__ import annotations

from .. import kvm, root
from . import image

APPEND = "root=/dev/vda rw console=ttyS0 quiet mitigations=off nokaslr audit=0 apparmor=0 random.trust_cpu=on tsc=reliable no_timer_check"
#: where QEMU sees the image, the template, the machine's own disk, and its sockets and logs
IMAGE, TEMPLATE, DISK, RUN = "/mnt", "/media", "/srv", "/opt"
#: MAC addresses of the template's NICs, which its machines replace with their own
FORMER = "52:54:00:ab:00:{:02x}"
#: where a machine's memory comes from: a file that it shares, to be frozen; a copy of a frozen one; or it is empty, and the machine boots
FREEZE, GO_ON, BOOT = "freeze", "go on", "boot"
BACKENDS = {FREEZE: f"file,mem-path={TEMPLATE}/memory,share=on", GO_ON: f"file,mem-path={TEMPLATE}/memory,share=off", BOOT: "ram"}
#: by emulation one processor takes a third less of the host's time than two, which wait for each other
HARDWARE, EMULATION = (["-accel", "kvm", "-cpu", "host", "-smp", "2"], ["-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "1"])


def binds(image_folder, template, disk, run):
    """Folders for QEMU's root, as vm.box wants them."""
    return {IMAGE.strip("/"): image_folder, TEMPLATE.strip("/"): template, DISK.strip("/"): disk, RUN.strip("/"): run}


def words(memory, entry, nics, source):
    """QEMU's arguments.

    ``memory`` in MiB. ``entry`` is the loopback address on which ssh is answered. ``nics`` are (descriptor of its tap, MAC address, model),
    the descriptor None where nothing is connected. ``source`` is FREEZE, GO_ON or BOOT.
    """
    accelerator = HARDWARE if kvm.works(root.build(root.QEMU)) else EMULATION
    virtual_functions = any(model == "igb" for unused, unused_mac, model in nics)
    found = [
        "qemu-system-x86_64", "-nodefaults", "-display", "none", *accelerator, "-m", str(memory),
        "-object", f"memory-backend-{BACKENDS[source]},id=memory,size={memory}M", *(["-incoming", "defer"] if source == GO_ON else []),
        "-machine", "q35,memory-backend=memory" + (",kernel-irqchip=split" if virtual_functions else ""),
        "-kernel", f"{IMAGE}/vmlinux", "-initrd", f"{IMAGE}/initrd", "-append", APPEND + (" intel_iommu=on iommu=pt" if virtual_functions else ""),
        "-drive", f"if=none,id=disk,file={DISK}/disk.qcow2,format=qcow2,cache=unsafe,discard=unmap", "-device", "virtio-blk-pci,drive=disk",
        "-netdev", f"user,id=entry,restrict=on,net=192.0.2.0/24,hostfwd=tcp:{entry}:22-{image.ENTRY_ADDRESS.partition('/')[0]}:22",
        "-device", f"virtio-net-pci,netdev=entry,mac={image.ENTRY_MAC},romfile=",
        # vmgenid: machines of one template would else draw the same random numbers
        "-device", "virtio-rng-pci", "-device", "vmgenid,guid=auto",
        "-serial", f"file:{RUN}/console", "-qmp", f"unix:{RUN}/qmp,server=on,wait=off",
    ]
    if virtual_functions:
        found += ["-device", "intel-iommu,intremap=on,caching-mode=off"]
    for number, (tap, mac, model) in enumerate(nics, 1):
        found += ["-netdev", f"tap,id=cable{number},fd={tap}" if tap else f"hubport,id=cable{number},hubid={number}"]
        if model == "igb":
            found += ["-device", f"pcie-root-port,id=port{number},slot={number},chassis={number}",
                      "-device", f"igb,bus=port{number},netdev=cable{number},mac={mac},id=nic{number}"]
        else:
            found += ["-device", f"virtio-net-pci,netdev=cable{number},mac={mac},romfile=,id=nic{number}"]
    return found
