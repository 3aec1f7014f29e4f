# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests on a host: observe() and apply() are the two verbs, the rest is a plan's context, looked up when it first asks."""

from __future__ import annotations

import json
import os
from functools import cached_property
from pathlib import Path

from ..codec import domain_xml, guest_xml, virt_install
from ..errors import BackendError
from ..model.guest import GuestState, made_uuid
from . import disks, files
from .waiting import until

RECORDS = Path("/var/lib/virtlab.network/guests")
#: libvirt gives up what it keeps of a guest only where it is told so, by the word of its flag; its LXC driver keeps nothing
KEPT = ("MANAGED_SAVE", "SNAPSHOTS_METADATA", "NVRAM", "CHECKPOINTS_METADATA")
#: seconds in which a guest whose plug was pulled is to be gone
GOING = 30


class Guests:
    """The guests of one Libvirt. ``host`` has the other backends."""

    def __init__(self, libvirt, host):
        self.libvirt, self._host = libvirt, host
        self._printed = {}

    def observe(self, names):
        """{name: GuestState or None} of the named guests."""
        self.libvirt.refresh()
        return {name: self.look(name) for name in names}

    def look(self, name):
        """The GuestState of a guest, or None."""
        lab, begun = self._record(name)
        module = self.libvirt.module
        try:
            handle = self._look_up(name)
            running, persistent = bool(handle.isActive()), bool(handle.isPersistent())
            document = handle.XMLDesc(module.VIR_DOMAIN_XML_SECURE | (module.VIR_DOMAIN_XML_INACTIVE if persistent else 0))
            autostart = bool(handle.autostart()) if persistent else False
        except module.libvirtError as err:
            if err.get_error_code() != module.VIR_ERR_NO_DOMAIN:
                raise BackendError(f"libvirt could not look up guest {name}: {err.get_error_message()}") from err
            return GuestState(name, lab=lab, begun=begun, driver=self.driver) if begun else None
        definition, mark, made = guest_xml.parse(document)
        uses, macs = guest_xml.uses(document)
        return GuestState(name, definition, handle.UUIDString(), mark, running, autostart, made, begun, persistent, self.driver,
                          document=document, uses=uses, macs=macs)

    def _look_up(self, name):
        return self.libvirt.connection.lookupByName(name)

    def _record_of(self, name):
        return RECORDS / f"{self.driver.lower()}-{name}.json"

    def _record(self, name):
        """(lab, files) that are written down of a guest outside of it, (None, ()) where nothing is."""
        text = files.text(self._record_of(name)) if os.geteuid() == 0 else None
        found = json.loads(text) if text else {"lab": None, "files": ()}
        return found["lab"], tuple(found["files"])

    def rehearse(self, unused, steps):
        """Have virt-install write what is to be defined, which creates nothing. Raises BackendError."""
        for step in steps:
            if step.verb == "define":
                self._made(step.value)

    def _made(self, target):
        words = virt_install.words(target.driver, self.libvirt.uri, target.definition)
        if words not in self._printed:
            self._printed[words] = disks.run("virt-install", *words)
        return guest_xml.made(self._printed[words], target)

    def apply(self, work):
        """Take the steps of each (name, steps), one after the other, and yield its name. Raises BackendError at the first that fails."""
        for name, steps in work:
            for step in steps:
                with self.libvirt.says(_said(step, name)):
                    getattr(self, f"_{step.verb}")(name, step.value)
            yield name

    def _note(self, name, value):
        """Write down files that are a guest's while no guest has them."""
        lab, made = value
        files.write(self._record_of(name), json.dumps({"lab": lab, "files": made}), 0o600, durable=True)

    def _forget(self, name, unused):
        files.remove(self._record_of(name))

    @staticmethod
    def _disk(unused, value):
        disks.make(*value)

    @staticmethod
    def _seed(unused, value):
        disks.make_seed(*value)

    @staticmethod
    def _remove(unused, path):
        disks.remove(path)

    def _define(self, unused, target):
        self.libvirt.connection.defineXML(self._made(target))

    def _restore(self, unused, document):
        self.libvirt.connection.defineXML(document)

    def _change(self, name, value):
        """Store what differs, over what is stored now: a guest's NICs may have changed before."""
        held, wanted = value
        module = self.libvirt.module
        document = self._look_up(name).XMLDesc(module.VIR_DOMAIN_XML_SECURE | module.VIR_DOMAIN_XML_INACTIVE)
        self.libvirt.connection.defineXML(guest_xml.changed(document, held, wanted))

    def _autostart(self, name, value):
        self._look_up(name).setAutostart(value)

    def _start(self, name, unused):
        self._look_up(name).create()

    def _stop(self, name, patience):
        """Have a guest shut down within so many seconds, or pull its plug where that is None."""
        handle = self._look_up(name)
        if patience is None:
            handle.destroy()
            until(lambda: not self._runs(name), GOING)
            return
        handle.shutdown()
        until(lambda: not self._runs(name), patience)
        if self._runs(name):
            raise BackendError(f"guest {name} was asked to shut down, and has not in {patience} s (shutdown_timeout): it may not be up yet, or heed no power "
                               "button; force: true pulls its plug")

    def _runs(self, name):
        """True where a guest runs; one that is not there any more does not."""
        module = self.libvirt.module
        try:
            return bool(self._look_up(name).isActive())
        except module.libvirtError as err:
            if err.get_error_code() == module.VIR_ERR_NO_DOMAIN:
                return False
            raise

    def _undefine(self, name, unused):
        module = self.libvirt.module
        flags = 0 if self.driver == "LXC" else sum(getattr(module, f"VIR_DOMAIN_UNDEFINE_{word}") for word in KEPT)
        self._look_up(name).undefineFlags(flags)

    # context

    @property
    def driver(self):
        """The driver that runs the guests, such as QEMU."""
        return self._host.interfaces.driver

    @property
    def remote(self):
        """True where libvirt runs on another host than this code."""
        return self.libvirt.remote

    @property
    def guests(self):
        """Every NIC of every running guest."""
        return self.libvirt.guests

    def uuid(self, name):
        """The UUID for a guest that is not there: the same each time on this host, so that a guest that is made anew has the MAC addresses that it had."""
        with self.libvirt.says("list its guests"):
            taken = {handle.UUIDString() for handle in self.libvirt.connection.listAllDomains()}
        machine = files.text(Path("/etc/machine-id")) or ""
        return made_uuid(f"{machine.strip()} {os.uname().nodename} {self.driver}", name, taken)

    @staticmethod
    def there(path):
        """True where there is a file, or anything else, of that path."""
        return os.path.lexists(path)

    @staticmethod
    def folder(path):
        """True where there is a folder of that path."""
        return os.path.isdir(path or "/")

    @staticmethod
    def image(path):
        """The Image that a file is."""
        return disks.image(path)

    @cached_property
    def disks(self):
        """{path: name of the guest that writes to it}"""
        with self.libvirt.says("list its guests"):
            found = {handle.name(): handle.XMLDesc(0) for handle in self.libvirt.connection.listAllDomains()}
        return {path: name for name, document in found.items() for path in domain_xml.disks(document)}

    def marked(self, lab):
        """{name: GuestState} of those that bear the mark of a lab, among them such as a run has begun to make or to remove."""
        with self.libvirt.says("list its guests"):
            names = [handle.name() for handle in self.libvirt.connection.listAllDomains()]
        prefix = f"{self.driver.lower()}-"
        if os.geteuid() == 0:
            names += [path.stem[len(prefix):] for path in sorted(RECORDS.glob(f"{prefix}*.json"))]
        states = {name: self.look(name) for name in dict.fromkeys(names)}
        return {name: state for name, state in states.items() if state is not None and state.lab == lab}


def _said(step, name):
    """A step in words, as what libvirt could not do."""
    words = {"define": "define", "restore": "define", "change": "store the change of", "autostart": "set autostart of", "start": "start", "stop": "stop",
             "undefine": "undefine"}
    return f"{words.get(step.verb, step.verb)} guest {name}"
