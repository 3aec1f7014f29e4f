# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""libvirt's connection, opened once a run: its version, what it makes of a definition, and its guests."""

from __future__ import annotations

import contextlib
import errno
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Optional
from urllib.parse import urlsplit, urlunsplit

from .. import deps
from ..codec import domain_xml, network_xml
from ..errors import BackendError, ValidationError
from ..model.option import leaves, plain, with_leaf

#: libvirt's drivers that run guests on this host and may attach them to a network
DRIVERS = ("qemu", "lxc", "xen", "bhyve", "vz", "ch")
SPECIAL = set("'\"&<>")


@dataclass(frozen=True)
class Guest:
    """A running guest's NIC. ``network`` or ``bridge`` is what it is attached to, ``target`` the host's end of it."""

    domain: str
    driver: str
    target: Optional[str]
    mac: Optional[str]
    network: Optional[str]
    bridge: Optional[str]
    isolated: bool


class Libvirt:
    """One connection; a context manager that closes it."""

    def __init__(self, uri):
        self.uri = uri
        self._opened = None

    @cached_property
    def module(self):
        """libvirt's bindings."""
        return deps.libvirt()

    @contextlib.contextmanager
    def says(self, what):
        """Translate libvirt's errors; ``what`` words the call, as in "start network lab"."""
        try:
            yield
        except self.module.libvirtError as err:
            raise BackendError(f"libvirt could not {what}: {err.get_error_message() or err}") from err

    @property
    def connection(self):
        """The open connection; another one where the daemon has ended meanwhile."""
        if self._opened is not None and not self._opened.isAlive():
            self._opened.close()
            self._opened = None
        if self._opened is None:
            self._opened = self._open()
        return self._opened

    def refresh(self):
        """Close the connection if the daemon has ended meanwhile, which only asking it tells; what is asked for next opens another."""
        if self._opened is not None:
            try:
                self._opened.getLibVersion()
            except self.module.libvirtError:
                self.close()

    def _open(self):
        try:
            return self.module.open(self.uri)
        except self.module.libvirtError as err:
            raise BackendError(
                f"uri is {self.uri!r}: cannot connect to libvirt ({err.get_error_message()}); see that libvirtd or virtnetworkd runs on the managed "
                "host, and that the user may use it"
            ) from err

    @cached_property
    def version(self):
        """The daemon's version as a tuple, such as (9, 0, 0)."""
        with self.says("tell its version"):
            number = self.connection.getLibVersion()
        return number // 1000000, number // 1000 % 1000, number % 1000

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        """Close what is open; what is asked for next opens it again."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None
        if "_scratch" in self.__dict__:
            self.__dict__.pop("_scratch").close()

    @cached_property
    def _scratch(self):
        """libvirt's in-process test driver, emptied: it reads and writes definitions as the daemon does, and touches nothing."""
        with self.says("open its test driver"):
            connection = self.module.open("test:///default")
            for network in connection.listAllNetworks():
                network.destroy()
                network.undefine()
        return connection

    def settle(self, document):
        """The Network that libvirt would make of a document. Raises BackendError where libvirt refuses it, ValidationError where it would lose it."""
        with self.says("accept this definition"):
            stored = self._store(document.strip())
        try:
            definition = network_xml.parse(stored, "libvirt's own dump")
            self._store(stored)
        except (ValidationError, self.module.libvirtError) as err:
            path, value = self._culprit(network_xml.parse(document)) or ("xml", document)
            raise ValidationError(path, value, "libvirt would store this in a form that it cannot read back, and lose the network at its next start",
                                  "leave out ' \" & < >" if path != "xml" else str(err)) from err
        # dnsmasq's options are the network driver's own; the test driver passes them over
        return replace(definition, dnsmasq_options=network_xml.parse(document).dnsmasq_options)

    def _culprit(self, definition):
        """(path, value) of the text with which libvirt writes what it cannot read: the first without which it can. None where there is none."""
        for path, value in leaves(plain(definition)):
            if not SPECIAL & set(str(value)):
                continue
            try:
                self._store(self._store(network_xml.build(with_leaf(definition, path, "x"))))
            except (ValidationError, self.module.libvirtError):
                continue
            return path, value
        return None

    def _store(self, document):
        network = self._scratch.networkDefineXML(document)
        try:
            return network.XMLDesc(0)
        finally:
            network.undefine()

    @property
    def remote(self):
        """True where libvirt runs on another host than this code, which therefore cannot look at that host's devices and routes."""
        return bool(self._address.netloc)

    @property
    def privileged(self):
        """True where it may make bridges."""
        return self._address.path != "/session"

    @cached_property
    def _address(self):
        """The connection's URI as libvirt itself has it, whatever way it was written; split."""
        with self.says("tell its URI"):
            return urlsplit(self.connection.getURI())

    @cached_property
    def guests(self):
        """Every NIC of every running guest of every driver on this host, as Guests."""
        own, plus, transport = self._address.scheme.partition("+")
        found = self._guests_of(self.connection) if own in DRIVERS else []
        for driver in DRIVERS if self.privileged else ():
            if driver != own:
                found += self._guests_of_driver(urlunsplit(self._address._replace(scheme=f"{driver}{plus}{transport}", path="/system")))
        return tuple(found)

    def _guests_of_driver(self, uri):
        try:
            connection = self.module.open(uri)
        except self.module.libvirtError as err:
            # no such driver, or in the modular layout no such daemon
            if err.get_error_code() == self.module.VIR_ERR_NO_CONNECT or err.get_int1() == errno.ENOENT:
                return []
            raise BackendError(f"cannot see whether guests of {uri} are on the network: {err.get_error_message()}") from err
        try:
            return self._guests_of(connection)
        finally:
            connection.close()

    def _guests_of(self, connection):
        with self.says("list its guests"):
            driver = connection.getType()
            domains = connection.listAllDomains(self.module.VIR_CONNECT_LIST_DOMAINS_ACTIVE)
        documents = filter(None, map(self._document_of, domains))
        return [Guest(driver=driver, **nic) for document in documents for nic in domain_xml.interfaces(document)]

    def _document_of(self, domain):
        """A guest's XML; None where it has stopped meanwhile."""
        try:
            return domain.XMLDesc(0)
        except self.module.libvirtError as err:
            if err.get_error_code() == self.module.VIR_ERR_NO_DOMAIN:
                return None
            raise BackendError(f"libvirt could not dump guest {domain.name()}: {err.get_error_message()}") from err

    def leases(self, name):
        """The network's DHCP leases as libvirt reports them; [] of an inactive network."""
        with self.says(f"read the leases of network {name}"):
            network = self.connection.networkLookupByName(name)
            return network.DHCPLeases() if network.isActive() else []

    def document(self, name, stored):
        """The network's XML, stored or live, in libvirt's own words."""
        with self.says(f"dump network {name}"):
            return self.connection.networkLookupByName(name).XMLDesc(self.module.VIR_NETWORK_XML_INACTIVE if stored else 0)
