# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What virt_ends does: probes that stay between tasks, and what is asked of them."""

from __future__ import annotations

import ipaddress

from . import info
from .backend import ends as backend
from .desired.ends import ends as desired
from .errors import ProofError, VirtNetError
from .model.ends import STAYING
from .model.option import plain
from .plan.probe_verdict import amiss, plugged, told, unmet
from .probe import prepare

FACTS = ("addresses", "gateways", "nameservers", "domain", "mtu", "leases", "missing", "duplicates", "waited")


def ends(params):
    """The result of what is asked of the ends of a run. Raises ProofError, which has it, where something is not as expected."""
    wanted = desired(params)
    if wanted.state == "absent":
        return {"changed": False, "left": backend.leave(wanted.run)}
    result, problems = {}, []
    if wanted.ends is not None:
        result["ends"] = _stand(params["uri"], wanted)
        problems += [f"end {each['name']}: {each['problem']}" for each in result["ends"] if each["problem"]]
    if wanted.watch is not None:
        result["deaf"] = backend.ask(wanted.run, {"watch": [(each.protocol, each.target, each.port or 0) for each in wanted.watch]})["deaf"]
    if wanted.checks:
        result["checks"] = _ask(wanted)
        problems += unmet(result["checks"])
    if wanted.look:
        result.update(backend.ask(wanted.run, {"look": True}))
    result.update(changed=False, ok=not problems, problems=problems)
    if problems and wanted.fail is not False:
        raise ProofError("; ".join(problems), {name: value for name, value in result.items() if name != "changed"})
    return result


def _stand(uri, wanted):
    """What each end came to, in their order. One that cannot be there has its ``problem``, and the others are there all the same."""
    members, found = {}, {}
    for end in wanted.ends:
        try:
            if end.guest:
                found[end.name] = _guest(uri, end)
            else:
                members[end.name] = backend.Member(end, *prepare(uri, end))
        except VirtNetError as err:
            found[end.name] = {"plugged": {}, "addresses": [], "problem": str(err)}
    stood = backend.stand(wanted.run, list(members.values()), wanted.seconds or STAYING)
    for name, member in members.items():
        there = stood[name]
        found[name] = {"plugged": {}, "addresses": [], **there} if "problem" in there else {
            "plugged": plugged(member.end, member.plug, member.mac, there["port"]), **{fact: there[fact] for fact in FACTS},
            "problem": "; ".join(amiss(member.asking, there)),
        }
    return [{"name": each.name, **found[each.name]} for each in wanted.ends]


def _guest(uri, end):
    """A guest, with the addresses of its NICs by which others reach it."""
    nics = info.interfaces({"uri": uri, "domain": end.guest, "network": end.network})
    told_by = [each for nic in nics for each in nic["addresses"]]
    reached = [each["address"] for each in told_by if not _own(each["address"])]
    problem = "" if reached else f"nobody tells of an address of guest {end.guest}{f' on network {end.network}' if end.network else ''}: does it run?"
    return {"plugged": {}, "addresses": [{"address": each, "by": "guest"} for each in dict.fromkeys(reached)], "problem": problem}


def _own(address):
    """True for an address that no other host can ask."""
    found = ipaddress.ip_interface(address).ip
    return found.is_link_local or found.is_loopback or found.is_unspecified


def _ask(wanted):
    """What became of each check, in their order."""
    asked = {}
    for check in wanted.checks:
        asked.setdefault(check.end, []).append(check)
    found = backend.ask(wanted.run, {"checks": {name: [plain(each) for each in checks] for name, checks in asked.items()},
                                     **{name: getattr(wanted, name) for name in ("wait", "timeout") if getattr(wanted, name) is not None}})["checks"]
    left = {name: iter(each) for name, each in found.items()}
    return [{"end": check.end, **told(check, next(left[check.end]))} for check in wanted.checks]
