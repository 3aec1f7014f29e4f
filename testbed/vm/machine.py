# SPDX-License-Identifier: GPL-3.0-or-later
"""A host in a virtual machine, reached by ssh over a NIC of its own that leads nowhere else."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict, dataclass
from functools import cached_property

from .. import fabric, world
from ..bed import DISKS, BedError, until
from ..host import Host
from . import box, qemu
from .qmp import Qmp

OPTIONS = {
    "BatchMode": "yes", "StrictHostKeyChecking": "no", "UserKnownHostsFile": "/dev/null", "LogLevel": "ERROR", "ConnectTimeout": "10",
    "ServerAliveInterval": "5", "ControlMaster": "auto", "ControlPersist": "60",
}


@dataclass(frozen=True)
class Make:
    """What a machine is made of: folders of its image and its template, memory in MiB, loopback address that ssh is answered on, and NICs.

    NICs are [{"name", "segment", "mac", "model"}]; a ``segment`` of '' is a cable that is not there.
    """

    image: str
    template: str
    memory: int
    entry: str
    nics: list


class Machine(Host):
    """A host whose first process is QEMU."""

    KIND = "vm"

    @cached_property
    def make(self):
        """Its Make, as it was written down."""
        return Make(**json.loads((self.folder / "machine.json").read_text(encoding="utf-8")))

    @property
    def binds(self):
        """Its folders, as QEMU's root has them."""
        return qemu.binds(self.make.image, self.make.template, DISKS / self.lab / self.name, self.folder)

    def options(self, place=fabric):
        """ssh(1)'s options, as words: from where the lab's segments are, or from its world."""
        proxy = shlex.join(place.argv(self.lab, "busybox", "nc", "%h", "%p"))
        told = {**OPTIONS, "IdentityFile": f"{self.make.image}/key", "ProxyCommand": proxy}
        return [word for name, value in told.items() for word in ("-o", f"{name}={value}")]

    def argv(self, *argv):
        """The words that run a command inside."""
        return ["ssh", *self.options(), "-o", f"ControlPath={self.folder}/ssh", f"root@{self.make.entry}", "--", shlex.join(map(str, argv))]

    def variables(self, address=None, way="far"):
        """What an Ansible inventory says of it: reached by the NIC that is there for that, or at an ``address`` of its own, from the world.

        Tasks with the same ``way`` share connections.
        """
        options = self.options(world if address else fabric)
        return {"ansible_connection": "ssh", "ansible_host": address or self.make.entry, "ansible_ssh_common_args": shlex.join(options),
                "ansible_control_path": f"{self.folder}/{way if address else 'ssh'}"}

    def address(self, device):
        """The global address of IPv4 that a device has, once it has one: it may be asking for it."""

        def found():
            done = self.run("ip", "-json", "-4", "address", "show", "dev", device, "scope", "global", check=False)
            if done.returncode:
                raise BedError(f"{self.name} has no address by {device}: {done.stderr.strip()}")
            return next((each["local"] for link in json.loads(done.stdout) for each in link.get("addr_info", ())), None)

        return until(found, 60, f"{self.name} to have an address on {device}")

    def carrier(self, device, there):
        """QEMU tells the guest."""
        numbers = [number for number, nic in enumerate(self.make.nics, 1) if nic["name"] == device]
        if not numbers:
            raise BedError(f"{self.name} has no NIC {device}: it has {', '.join(nic['name'] for nic in self.make.nics)}")
        with self.qmp() as qmp:
            qmp.execute("set_link", name=f"nic{numbers[0]}", up=there)

    def qmp(self):
        """A connection to its QEMU."""
        try:
            return Qmp(self.folder / "qmp", lambda: self.alive)
        except BedError as err:
            raise BedError(f"{err}{self._last('log')}") from err

    def create(self, make, base, form):
        """Write down what it is made of, and make its disk: an overlay of ``base``, a path within QEMU's root."""
        disk = DISKS / self.lab / self.name
        for folder in (self.folder, disk):
            folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "machine.json").write_text(json.dumps(asdict(make)), encoding="utf-8")
        box.call(self.binds, "qemu-img", "create", "-q", "-f", "qcow2", "-b", base, "-F", form, f"{qemu.DISK}/disk.qcow2")

    def launch(self, memory):
        """Start its QEMU; ``memory`` is one of vm.qemu's words for where that comes from."""
        (self.folder / "qmp").unlink(missing_ok=True)
        nics = [(100 + number if nic["segment"] else None, nic["mac"], nic["model"]) for number, nic in enumerate(self.make.nics)]
        cables = [box.Cable(fabric.end(self.name, nic["name"]), nic["segment"], tap) for nic, (tap, *_more) in zip(self.make.nics, nics) if tap]
        words = qemu.words(self.make.memory, self.make.entry, nics, memory)
        self.began(box.start(self.lab, self.name, self.binds, words, cables, self.folder / "log"))

    def reboot(self, clean=True):
        """Boot it from its disk, with nothing of its memory left; unless ``clean``, it has its power cut first."""
        if clean:
            self.run("systemctl", "poweroff", check=False)
            until(lambda: not self.alive, 120, f"{self.name} to shut down")
        self.end()
        self.launch(qemu.BOOT)
        self.await_answer(240)

    def await_answer(self, seconds):
        """Wait until it takes commands. Raises BedError where it has ended, or does not in time."""

        said = ""

        def answers():
            nonlocal said
            if not self.alive:
                raise BedError(f"{self.name} ended while starting{self._last('log')}")
            done = self.run("true", check=False)
            said = done.stderr.strip()
            return done.returncode == 0

        try:
            until(answers, seconds, f"{self.name} to answer")
        except BedError as err:
            raise BedError(f"{err}{f'; ssh says: {said}' if said else ''}{self._last('console')}") from err

    def _last(self, name):
        """The end of one of its files, for an error: the folder may be gone by the time it is read."""
        path = self.folder / name
        text = path.read_text(encoding="utf-8", errors="replace").strip()[-600:] if path.exists() else ""
        return f"; its {name} ends with: {text}" if text else ""
