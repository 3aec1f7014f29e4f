# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab comes to on one host, as virt_host takes it. Pure."""

from __future__ import annotations

from ...module_utils.model import network
from ...module_utils.model.option import declared, plain
from . import nat
from .policy import firewall

#: how the resources of a network come about, by its mode: of the network in virt_network's words, the mode's own options, the Host and the Lab the lists of
#: virt_host that they are in
MODES = {"nat": nat.resources}
#: virt_host's lists
LISTS = ("links", "taps", "bridges", "networks", "nats", "firewalls", "guests")
#: what of a guest is not virt_guest's
NOT_OF_GUEST, NOT_OF_NIC = ("host", "interfaces"), ("ips",)


def of_host(lab, name):
    """{list: resources} of a host by its name; all lists are empty for one that the lab does not name."""
    found = {each: [] for each in LISTS}
    host = lab.host(name)
    if host is None:
        return found
    for each in lab.on(name):
        resources = _plain(lab, each, host) if each.mode is None else MODES[each.mode](_words(each), each.own, host, lab)
        for kind, listed in resources.items():
            found[kind] += listed
    found["firewalls"] += [each for each in (firewall(lab, host),) if each]
    found["guests"] = [_guest(lab, each) for each in lab.guests if lab.home(each) == name]
    return found


def _words(found):
    """A network in virt_network's words alone."""
    known = {name for name, unused in declared(network.Network)}
    started = {"state": "active", "autostart": found.autostart is not False}
    return {**{name: value for name, value in plain(found).items() if name in known}, **started}


def _plain(lab, found, host):
    words = _words(found)
    return {"networks": [{**words, **lab.served(words, [host.name])}]}


def _guest(lab, found):
    nics = [{**_without(plain(nic), NOT_OF_NIC), "mac": mac} for nic, mac in lab.nics(found)]
    return {**_without(plain(found), NOT_OF_GUEST), "interfaces": nics}


def _without(given, names):
    return {name: value for name, value in given.items() if name not in names}
