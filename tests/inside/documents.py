# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the managed host: takes each <network> document of a folder through its life, and prints what went wrong, a line each.

For each document that libvirt can define: in through xml, unchanged the second time, nothing of libvirt's own dump lost, config in
through the options without loss, and each attribute that is altered seen as a change. For each that libvirt refuses: an error of ours,
and nothing left behind. The last line counts what was tried.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import libvirt
from lxml import etree

sys.path.insert(0, sys.argv[1])
from ansible_collections.virtlab.network.plugins.module_utils import info  # noqa: E402
from ansible_collections.virtlab.network.plugins.module_utils.errors import VirtNetError  # noqa: E402
from ansible_collections.virtlab.network.plugins.module_utils.reconcile import reconcile  # noqa: E402

URI = "qemu:///system"
BASE = {"name": None, "xml": None, "state": "present", "autostart": None, "persistent": True, "force": False, "on_restart": "reattach"}
FLIP = {"yes": "no", "no": "yes", "on": "off", "off": "on"}
#: what we write in other words, or libvirt makes anew for each network
OTHER_WORDS = ("@netmask", "@prefix", "@family", "/uuid", "/mac@address", "/bridge@name")


def places(document):
    """How often each (path, value) of attributes and texts is in a document, without what is not compared."""

    def walk(element, path):
        yield from ((f"{path}@{name}", value.lower()) for name, value in element.attrib.items())
        if element.text and element.text.strip():
            yield path, element.text.strip().lower()
        for child in element:
            yield from walk(child, f"{path}/{child.tag}")

    return Counter(place for place in walk(etree.fromstring(document), "") if not place[0].endswith(OTHER_WORDS) and "urn:virtlab" not in place[0])


def alterations(document):
    """The document with one attribute altered at a time, all of them: (what, text)."""
    root = etree.fromstring(document)
    for element in root.iter():
        for name, value in list(element.attrib.items()):
            if value and name != "connections":
                element.set(name, FLIP.get(value) or value[:-1] + chr(ord(value[-1]) ^ 1))
                yield f"{element.tag}@{name}", etree.tostring(root, encoding="unicode")
                element.set(name, value)


class Trial:
    """One document's way."""

    def __init__(self, path):
        self.path, self.connection = path, libvirt.open(URI)
        self.text = path.read_text(encoding="utf-8")
        self.altered = 0

    def run(self, check=False, **options):
        """The options through the core; whether it changed. The first document that names ports restarts the daemon: it is asked anew."""
        changed = reconcile([("network", {**BASE, **options})], URI, "test", check_mode=check).plan.changed
        if not check:
            self.connection = libvirt.open(URI)
        return changed

    def stored(self, name):
        """libvirt's stored definition of a network."""
        return self.connection.networkLookupByName(name).XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE)

    def clear(self):
        """Remove every network."""
        for network in self.connection.listAllNetworks():
            if network.isActive():
                network.destroy()
            network.undefine()

    def problems(self):
        """Yield what is wrong, in words."""
        self.clear()
        try:
            network = self.connection.networkDefineXML(self.text)
        except libvirt.libvirtError:
            yield from self.refused()
            return
        name, own = network.name(), network.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE)
        self.clear()
        if not self.run(xml=self.text):
            yield "defining it changed nothing"
        if self.run(xml=self.text):
            yield "the second run changed it"
        yield from (f"lost by xml: {place}" for place in places(own) - places(self.stored(name)))
        found = info.networks({"name": name, "uuid": None, "bridge": None, "uri": URI})[0]
        if found["unknown"]:
            yield f"unknown: {found['unknown']}"
        self.clear()
        self.run(**found["config"])
        if self.run(**found["config"]):
            yield "the second run with its config changed it"
        yield from (f"lost by config: {place}" for place in places(own) - places(self.stored(name)))
        yield from self.blind(name)

    def refused(self):
        """What libvirt refuses, we refuse, and leave nothing."""
        try:
            self.run(xml=self.text)
            yield "taken although libvirt refuses it"
        except VirtNetError:
            if self.connection.listAllNetworks():
                yield "refused, and yet something was left behind"

    def blind(self, name):
        """Alterations that libvirt sees, and we do not."""
        before = self.stored(name)
        for what, text in alterations(before):
            try:
                after = self.connection.networkDefineXML(text).XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE)
            except libvirt.libvirtError:
                continue
            self.connection.networkDefineXML(before)
            if after != before:
                self.altered += 1
                if not self.run(check=True, xml=text):
                    yield f"altered {what}, and no change was seen"


def main():
    """``documents.py COLLECTIONS FOLDER``"""
    libvirt.registerErrorHandler(lambda *unused: None, None)
    tried = altered = 0
    for path in sorted(Path(sys.argv[2]).glob("*.xml")):
        trial = Trial(path)
        for problem in trial.problems():
            print(f"{path.name}: {problem}")
        trial.clear()
        tried, altered = tried + 1, altered + trial.altered
    print(f"{tried} documents, {altered} alterations")


if __name__ == "__main__":
    main()
