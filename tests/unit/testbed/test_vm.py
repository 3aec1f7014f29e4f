# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of virtual machines needs none: kernels that are unpacked, QEMU's words, what QEMU answers, and what a machine writes down for its boots."""

from __future__ import annotations

import gzip
import json
import lzma
import socket
import threading

import pytest

from testbed import kvm, root
from testbed.bed import BedError
from testbed.vm import clone, image, qemu, settle
from testbed.vm.qmp import Qmp

ELF = b"\x7fELF" + bytes(1000)


@pytest.mark.parametrize("pack", [lambda data: lzma.compress(data, lzma.FORMAT_XZ), gzip.compress])
def test_kernels_are_unpacked(pack):
    """Whatever lies around the packed data, and whatever looks like its beginning; what is packed in an unknown way stays as it is."""
    magic = pack(ELF)[:6]
    assert image.unpacked(b"setup" + magic + b"no" + pack(ELF) + b"trailer") == ELF
    assert image.unpacked(b"setup" + b"\x00" * 50) == b"setup" + b"\x00" * 50


@pytest.fixture
def words(monkeypatch):
    """A function that returns QEMU's words as one line."""
    monkeypatch.setattr(root, "build", lambda suite: "/root")
    monkeypatch.setattr(kvm, "works", lambda where: False)
    return lambda nics, source: " ".join(qemu.words(1024, "127.0.0.11", nics, source))


def test_a_machine_has_the_nics_that_were_asked_for(words):
    """Each with its tap, its MAC address and its model; virtual functions take an IOMMU."""
    plain = words([(100, "52:54:00:aa:0b:01", "virtio"), (None, "52:54:00:aa:0b:02", "virtio")], qemu.BOOT)
    assert "tap,id=cable1,fd=100" in plain and "hubport,id=cable2" in plain and "mac=52:54:00:aa:0b:02" in plain and "iommu" not in plain
    special = words([(100, "52:54:00:aa:0b:01", "igb")], qemu.BOOT)
    assert "igb,bus=port1,netdev=cable1" in special and "intel-iommu" in special and "intel_iommu=on" in special


def test_a_machines_memory_comes_from_where_it_shall(words):
    """Shared to be frozen, a private copy to go on, empty to boot."""
    assert "share=on" in words([], qemu.FREEZE) and "-incoming" not in words([], qemu.FREEZE)
    assert "share=off" in words([], qemu.GO_ON) and "-incoming defer" in words([], qemu.GO_ON)
    assert "memory-backend-ram" in words([], qemu.BOOT) and "-incoming" not in words([], qemu.BOOT)


def test_mac_addresses_differ():
    """Between the NICs of all hosts of a lab, and from those of templates."""
    made = [clone.mac(host, number) for host in range(11, 211) for number in range(1, 5)]
    assert len(set(made)) == len(made) and not {qemu.FORMER.format(number) for number in range(5)} & set(made)


def test_a_machine_remembers_its_nics(tmp_path, monkeypatch):
    """By the address that is burnt in, so that bridges and VLANs that borrow it are not renamed."""
    monkeypatch.setattr(settle, "NETWORKD", tmp_path)
    nic = {"name": "eth0", "mac": "52:54:00:aa:0b:01", "former": "52:54:00:ab:00:01", "mtu": 9000,
           "addresses": ["10.0.0.1/24", "fd00::1/64"], "gateways": ["10.0.0.9"], "dhcp": False}
    settle.remember(nic)
    assert "PermanentMACAddress=52:54:00:aa:0b:01 52:54:00:ab:00:01\n" in (tmp_path / "20-eth0.link").read_text(encoding="utf-8")
    network = (tmp_path / "20-eth0.network").read_text(encoding="utf-8")
    assert "Address=10.0.0.1/24\nAddress=fd00::1/64\nGateway=10.0.0.9\n" in network
    commands = list(settle.commands(nic, "p1"))
    assert commands[:2] == ["link set dev p1 down", "link set dev p1 name eth0 address 52:54:00:aa:0b:01 mtu 9000"]
    assert "address add fd00::1/64 dev eth0 nodad" in commands and commands[-1] == "route add default via 10.0.0.9 dev eth0"
    monkeypatch.setattr(settle, "PROFILES", tmp_path)
    settle.remember(nic, managed=True)
    profile = tmp_path / "eth0.nmconnection"
    assert profile.stat().st_mode & 0o777 == 0o600
    assert profile.read_text(encoding="utf-8").endswith(
        "[ethernet]\nmtu=9000\n[ipv4]\nmethod=manual\naddress1=10.0.0.1/24\ngateway=10.0.0.9\n[ipv6]\nmethod=manual\naddress1=fd00::1/64\n")
    assert list(settle.commands(nic, "p1", managed=True)) == commands[:2]
    asking = {**nic, "addresses": [], "gateways": [], "dhcp": True}
    settle.remember(asking)
    assert list(settle.commands(asking, "p1")) == commands[:2]
    assert "\nDHCP=yes\n" in (tmp_path / "20-eth0.network").read_text(encoding="utf-8")
    settle.remember(asking, managed=True)
    assert profile.read_text(encoding="utf-8").endswith("[ipv4]\nmethod=auto\n[ipv6]\nmethod=auto\n")


def test_qemus_words_are_passed_on(tmp_path):
    """Events in between are passed over; a refusal is an error with its words, and so is a QEMU that ends."""
    path = tmp_path / "qmp"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def serve():
            peer = server.accept()[0]
            with peer, peer.makefile("rw", encoding="utf-8") as lines:
                lines.write('{"QMP": {}}\n')
                lines.flush()
                for answers in ([{"return": {}}], [{"event": "STOP"}, {"return": {"status": "running"}}], [{"error": {"desc": "no such device"}}], []):
                    peer.recv(1000)
                    lines.write("".join(json.dumps(answer) + "\n" for answer in answers))
                    lines.flush()

        thread = threading.Thread(target=serve)
        thread.start()
        with Qmp(path) as qmp:
            assert qmp.execute("query-status") == {"status": "running"}
            with pytest.raises(BedError, match="QEMU refused device_del: no such device"):
                qmp.execute("device_del", id="x")
            with pytest.raises(BedError, match="QEMU ended at quit"):
                qmp.execute("quit")
        thread.join()
