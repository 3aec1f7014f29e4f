# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests in libvirt's words: what virt-install printed is completed, what is stored is read and changed, and nothing else of it is touched."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.codec import domain_xml, guest_xml, virt_install, xml_table
from ansible_collections.virtlab.network.plugins.module_utils.model.guest import STORED, CloudInit, Disk, Filesystem, Guest, GuestState, made_uuid
from ansible_collections.virtlab.network.plugins.module_utils.model.interface import Interface, InterfaceState, Mark

#: what virt-install 4.1 prints, in short
PRINTED = """<domain type="kvm">
  <name>virtlab</name>
  <uuid>a3849e62-e980-4f53-9c9b-0309dc1fa2c1</uuid>
  <metadata>
    <libosinfo:libosinfo xmlns:libosinfo="http://libosinfo.org/xmlns/libvirt/domain/1.0"><libosinfo:os id="http://debian.org/debian/12"/></libosinfo:libosinfo>
  </metadata>
  <memory>262144</memory>
  <currentMemory>262144</currentMemory>
  <vcpu>2</vcpu>
  <os><type arch="x86_64" machine="q35">hvm</type><boot dev="hd"/></os>
  <devices><emulator>/usr/bin/qemu-system-x86_64</emulator><controller type="usb" model="qemu-xhci" ports="15"/><console type="pty"/></devices>
</domain>
"""
TEXTS = CloudInit("x")
UUID = "2f1c7a60-1b1e-4b8a-9a7d-6c0f3d1e5a11"
DISKS = (Disk("/srv/a.qcow2", "/srv/base", True, "9G", "qcow2", "virtio", "disk"), Disk("/srv/b.img", format="raw", bus="sata", device="disk"),
         Disk("/srv/cd & <x>.iso", format="raw", bus="sata", device="cdrom"), Disk("/srv/c.qcow2", size="1G", format="qcow2", bus="virtio", device="disk"))
WHOLE = Guest(title="a & b", description="two\nlines <x>", memory=512, vcpus=2, kernel="/boot/vmlinuz", initrd="/boot/initrd", cmdline="a=b 'c'",
              os="debian12", cpu="host-model", machine="q35", arch="x86_64", arguments=("--sound=none",), disks=DISKS,
              cloud_init=CloudInit("sha256:00"))
BOX = Guest(memory=64, vcpus=1, init="/bin/sh", init_args=("-c", "sleep <1> & wait"), filesystems=(Filesystem("/srv/x", "/mnt", True), Filesystem("/y", "/y")))


def state(definition, *nics, seed=TEXTS, files=("/srv/a.qcow2", "/srv/c.qcow2", "/srv/vm-seed.iso")):
    """What a guest is to be."""
    given = tuple(InterfaceState("vm", each, None, Mark(each.mac, each.alias, "web")) for each in nics)
    return GuestState("vm <1>", definition, UUID, "web", files=files, nics=given, seed=seed)


def nic(number, **more):
    """A NIC on a network."""
    return Interface(mac=f"52:54:00:00:00:0{number}", network="net & co", model="virtio", link="up", **more)


@pytest.mark.parametrize("target", [
    state(WHOLE, nic(1), nic(2, alias="ua-x")), state(BOX, nic(1), seed=None, files=()), state(Guest(memory=1, vcpus=1), seed=None),
], ids=["machine", "container", "bare"])
def test_what_is_made_is_read_again(target):
    """As what it was made from: definition, mark, files, and NICs in their order."""
    document = guest_xml.made(PRINTED, target)
    assert guest_xml.parse(document) == (target.definition, "web", target.files)
    assert guest_xml.uses(document) == ((("network", "net & co"),) * len(target.nics), tuple(each.stored.mac for each in target.nics))
    root = xml_table.parse(document, "a test")
    assert (root.findtext("name"), root.findtext("uuid"), root.get("type")) == ("vm <1>", UUID, "kvm")
    assert "debian/12" in document and root.find("devices/console") is not None and root.find("devices/controller") is not None
    assert guest_xml.changed(document, target.definition, target.definition) == xml_table.text(root)


def test_disks():
    """Each bus has names of its own; what cloud-init reads is on the bus of the first disk, and read alone."""
    document = guest_xml.made(PRINTED, state(WHOLE))
    disks = xml_table.parse(document, "a test").findall("devices/disk")
    assert [(each.find("target").get("dev"), each.find("target").get("bus"), each.get("device"), each.find("readonly") is not None) for each in disks] == [
        ("vda", "virtio", "disk", False), ("sda", "sata", "disk", False), ("sdb", "sata", "cdrom", True), ("vdb", "virtio", "disk", False),
        ("vdc", "virtio", "disk", True)]
    assert disks[-1].find("source").get("file") == "/srv/vm-seed.iso" and disks[2].find("source").get("file") == "/srv/cd & <x>.iso"
    assert domain_xml.disks(document) == ["/srv/a.qcow2", "/srv/b.img", "/srv/c.qcow2"]


def test_a_boot_order():
    """libvirt takes devices with places, or kinds of devices."""
    kinds = xml_table.parse(guest_xml.made(PRINTED, state(WHOLE, nic(1))), "a test")
    assert kinds.find("os/boot") is not None and kinds.find("devices/*/boot") is None
    for target in (state(WHOLE, nic(1, boot_order=3)), state(replace(WHOLE, disks=(replace(DISKS[0], boot_order=3), *DISKS[1:])))):
        places = xml_table.parse(guest_xml.made(PRINTED, target), "a test")
        assert places.find("os/boot") is None and [each.get("order") for each in places.iter("boot")] == ["3"]


@pytest.mark.parametrize("name", STORED)
def test_each_option_is_changed_by_itself(name):
    """Another value, none, and back, with all else as it was."""
    held = WHOLE if not name.startswith("init") or name == "initrd" else BOX
    other = {"memory": 999, "vcpus": 3, "init_args": ("x",)}.get(name, "/another & <one>")
    document = guest_xml.made(PRINTED, state(held))
    wanted = replace(held, **{name: other})
    changed = guest_xml.changed(document, held, wanted)
    assert guest_xml.parse(changed)[0] == wanted
    assert guest_xml.parse(guest_xml.changed(changed, wanted, held))[0] == held
    if name not in ("memory", "vcpus"):
        assert guest_xml.parse(guest_xml.changed(document, held, replace(held, **{name: None})))[0] == replace(held, **{name: None})


@pytest.mark.parametrize(("text", "size"), [("<memory unit='KiB'>131072</memory>", 128), ("<memory>1024</memory>", 1), ("<memory unit='GiB'>2</memory>", 2048),
                                            ("<memory unit='KiB'>1536</memory>", 1.5)])
def test_memory_of_others(text, size):
    """Whatever its unit, and where it is no whole number of MiB."""
    found, lab, files = guest_xml.parse(f"<domain><name>vm</name>{text}<os/><devices/></domain>")
    assert (found.memory, found.vcpus, lab, files) == (size, 1, None, ())


def test_words_of_virt_install():
    """Each one word, whatever is in it; guests that differ in what we put in ourselves take the same."""
    words = virt_install.words("QEMU", "qemu:///system", WHOLE)
    assert words[:4] == ("--connect=qemu:///system", "--name=virtlab", "--memory=512", "--vcpus=2")
    assert {"--osinfo=debian12", "--cpu=host-model", "--graphics=none", "--disk=none", "--network=none", "--print-xml"} < set(words)
    assert words[-1] == "--sound=none" and not any("boot" in each for each in words)
    assert virt_install.words("QEMU", "qemu:///system", replace(WHOLE, title="x", disks=(), cmdline="--wait")) == words
    assert "--graphics=none" not in virt_install.words("QEMU", "", replace(WHOLE, arguments=("--graphics=vnc",)))
    assert {"--container", "--init=/bin/sh"} < set(virt_install.words("LXC", "lxc:///", BOX))


def test_a_uuid_is_the_same_each_time():
    """On one host, for one name, as long as nobody has it."""
    first = made_uuid("a host", "vm", ())
    assert first == made_uuid("a host", "vm", ["x"]) != made_uuid("a host", "vm", [first])
    assert len({made_uuid(host, name, ()) for host in "ab" for name in "cd"}) == 4
