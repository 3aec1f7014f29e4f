# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What info modules return: the host as it is, in the modules' own shape."""

from __future__ import annotations

from .backend.host import Host
from .errors import ValidationError
from .model.option import plain, read


def networks(params):
    """A list of dicts, one a network that matches name, uuid or bridge (all where none is given), sorted by name."""
    with Host(params["uri"]) as host:
        host = host.networks
        return [_network(host, name, state) for name, state in sorted(_matching(host, params).items())]


def _matching(host, params):
    states = host.networks
    if params["name"] is not None:
        states = {name: state for name, state in host.observe([params["name"]]).items() if state is not None}
    if params["uuid"] is not None:
        from .model.network import Network

        uuid = read(Network, {"uuid": params["uuid"]}).uuid
        states = {name: state for name, state in states.items() if state.definition.uuid == uuid}
    if params["bridge"] is not None:
        states = {name: state for name, state in states.items() if state.definition.bridge_name == params["bridge"]}
    return states


def _network(host, name, state):
    from .codec import network_xml
    from .model.network_state import portable, report
    from .plan.network import attached

    facts = {fact: value for fact, value in report(state).items() if fact != "state"}
    return {
        **facts,
        "config": facts["config"] if _optional(state.definition) else {"xml": network_xml.build(portable(state.definition))},
        "active": state.live is not None,
        "leases": [_lease(entry) for entry in host.libvirt.leases(name)],
        "guests": [_guest(guest) for guest in attached(host.guests, name, state)],
        "unknown": [{"path": path or "/", "content": content} for path, content in state.definition.unknown],
        "xml": host.libvirt.document(name, stored=state.stored is not None),
    }


def _optional(definition):
    """True where virt_network's options can say all of a definition. libvirt holds some that they refuse, or have no word for."""
    from .model import network_rules
    from .model.network import Network

    try:
        network_rules.check(read(Network, plain(definition)))
    except (ValidationError, ValueError):  # ValueError: what libvirt takes for an address and Python's ipaddress does not
        return False
    return not definition.unknown


def _guest(guest):
    return {"domain": guest.domain, "driver": guest.driver, "target": guest.target, "mac": guest.mac}


def _lease(entry):
    """libvirt's lease, with libvirt's own names; ``expires`` in seconds since 1970, ``address`` with its prefix."""
    return {
        "address": f"{entry['ipaddr']}/{entry['prefix']}",
        "mac": entry["mac"],
        "hostname": entry["hostname"],
        "client_id": entry["clientid"],
        "iaid": entry["iaid"],
        "expires": entry["expirytime"],
    }


def interfaces(params):
    """A list of dicts, one a guest's NIC, sorted by guest and then as the guest has them; those of a guest or on a network where one is given."""
    with Host(params["uri"]) as host:
        host = host.interfaces
        chosen = host.domains if params["domain"] is None else filter(None, [host.domain(params["domain"])])
        return [nic for domain in sorted(chosen, key=lambda each: each.name) for nic in _nics(host, domain, params["network"])]


def _nics(host, domain, network):
    """The NICs of a Domain, those on a network where one is given; the guest is asked for its addresses where any is."""
    chosen = [pair for pair in domain.nics if network is None or network in [each.network for each in pair if each]]
    told = host.addresses(domain) if chosen and domain.running else []
    return [_nic(domain, pair, host.state(domain, pair), told) for pair in chosen]


def _nic(domain, pair, state, told):
    from .model import interface

    stored, live = pair
    held, shown = state.definition, interface.report(state)
    return {
        "domain": domain.name, "uuid": domain.uuid, "driver": domain.driver, "domain_state": domain.state, "persistent": domain.persistent, "mac": held.mac,
        "alias": (live or stored).label, "target": live.device if live else held.target, "type": (live or stored).actual, "model": held.model,
        "link": (live or stored).link, "stored": stored is not None, "live": live is not None, "lab": state.lab,
        "config": {"domain": domain.name, **interface.config(held)} if held.known else None,
        **({"running": shown["running"]} if "running" in shown else {}),
        "addresses": [{"address": address, "told_by": source, "device": device} for mac, address, source, device in told if live and mac == live.mac],
        "unknown": [{"path": path or "/", "content": content} for path, content in held.unknown],
    }


def nats(params):
    """A list of dicts, one a translation of virt_nat's, sorted by name; the one that is named where a name is given."""
    from .model.table import report

    with Host(params["uri"]) as host:
        tables = host.tables["nat"]
        chosen = [name for name in sorted(tables.records) if params["name"] in (None, name)]
        shown = [report(state) for state in tables.observe(chosen).values()]
    return [{"kernel": "as asked", **{word: value for word, value in each.items() if word != "state"}} for each in shown]


def neighbours(params):
    """A list of dicts, one for what another program does to networks of libvirt's that run."""
    from .backend import neighbours as rivals
    from .plan.nat import comes
    from .plan.neighbours import bridged, findings

    with Host(params["uri"]) as host:
        live = {name: state.live for name, state in sorted(host.networks.networks.items()) if state.live and state.live.bridge_name}
        translated = {record.state.data.network: comes(record.state.data) for record in host.tables["nat"].records.values()}
        found = [bridged(name, each) for name, each in live.items()]
        found = [each._replace(comes=translated.get(each.name, each.comes) if each.comes else "") for each in found]
        nics = rivals.nics()
        return [finding._asdict() for finding in findings(found, rivals.tables(), rivals.settings(nics), nics)]


def bridges(params):
    """A list of dicts, one a bridge of the host, sorted by name; the one that is named where a name is given."""
    return _devices(params, lambda kind: kind == "bridge")


def links(params):
    """A list of dicts, one a device of the host, sorted by name; those of a name or kind where one is given."""
    return _devices(params, lambda kind: params["kind"] in (None, kind))


def _devices(params, wanted):
    with Host(params["uri"]) as host:
        found = host.devices
        chosen = [name for name, seen in sorted(found.seen.items()) if wanted(seen.kind) and params["name"] in (None, name)]
        counters = found.counters() if chosen else {}
        return [_device(found, found.state(name), counters) for name in chosen]


def _device(found, state, counters):
    from .model.link import report

    shown = report(state)
    config = {name: value for name, value in shown.items() if name not in ("state", "lab", "mac") and (name != "kind" or state.kind not in ("bridge", "tun"))}
    facts = {
        "name": state.name, "kind": state.kind, "lab": state.lab, "mac": state.link.mac, "config": config, "operstate": state.facts["operstate"],
        "ifindex": state.facts["ifindex"], "dynamic_addresses": state.facts["dynamic"], "counters": counters.get(state.name, {}),
        "guests": [_guest(guest) for guest in found.guests if state.name in (guest.target, guest.bridge)],
    }
    if state.kind == "bridge":
        learned = found.macs(state.name)
        facts["ports"] = [
            {"name": port.name, "state": found.port_state(port.name), "macs": learned.get(port.name, []), "counters": counters.get(port.name, {})}
            for port in sorted(state.ports, key=lambda port: port.name)
        ]
    return facts
