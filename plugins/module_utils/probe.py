# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What virt_probe does: from options to what a guest would find out, which leaves nothing behind."""

from __future__ import annotations

from .backend import links, probe_home, probe_within
from .backend import probe as process
from .backend.host import Host
from .desired.probe import probe as desired
from .errors import ProofError, UnsupportedError, ValidationError
from .model.plug import HOST, Asking, Plug
from .plan.probe import asking, plug
from .plan.probe_verdict import result


def probe(params):
    """The result of a probe. Raises ProofError, which has the result, where something is not as expected."""
    wanted = desired(params)
    place, asked, mac = prepare(params["uri"], wanted)
    if wanted.host:
        process.need_root()
        found = probe_home.visit(wanted)
    else:
        found = process.live(place, mac, lambda side: probe_within.stay(wanted, asked, mac, side))
    told, problems = result(wanted, asked, place, mac, found)
    if problems and wanted.fail is not False:
        raise ProofError("; ".join(problems), told)
    return {"changed": False, **told}


def prepare(uri, wanted):
    """(the Plug, the Asking, the MAC address) of a Place, as this host is. The host itself is plugged in nowhere."""
    if wanted.host:
        return Plug(HOST, None, 0), Asking(), None
    network = _network(uri, wanted) if wanted.network else None
    place = plug(wanted, network, links.dump())
    if wanted.bridge and wanted.mac:
        _check_alone(wanted.mac, {mac: f"somebody behind {port}, a port of {wanted.bridge}" for port, mac in links.learned(wanted.bridge)})
    return place, asking(wanted, network), wanted.mac or process.random_mac()


def _network(uri, wanted):
    """The live definition of the network that it is plugged into. The connection is closed before a process is made."""
    with Host(uri) as host:
        if not host.networks.local:
            raise UnsupportedError(f"uri is {uri!r}: a probe is plugged in where this code runs, and that is not where networks of that connection are")
        state = host.networks.observe([wanted.network])[wanted.network]
        nics = host.networks.guests if wanted.mac else ()
    if state is None or state.live is None:
        raise ValidationError("network", wanted.network, "there is none of that name" if state is None else "is not active", "start it first, or name another")
    on = (wanted.network, state.live.bridge_name)
    _check_alone(wanted.mac, {each.mac: f"guest {each.domain}, which runs" for each in nics if each.network == on[0] or each.bridge and each.bridge == on[1]})
    return state.live


def _check_alone(mac, known):
    """Raise ValidationError for the MAC address of somebody ({MAC address: who}) who is there: the probe would cut it off, and give back its lease."""
    if mac in known:
        raise ValidationError("mac", mac, f"is that of {known[mac]}, and two of one address would cut each other off",
                              "leave it out, for one of the probe's own, or take the other off the network first")
