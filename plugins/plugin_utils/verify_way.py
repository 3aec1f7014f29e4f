# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the packets of one cell came by, on all hosts, where they died, and which rule dropped them. Pure.

What was seen is put together by what no translation changes of a packet (its mark); an answer is known by a packet's own addresses the other way round. Clocks
of hosts are not compared: the host that asks comes first, and the one that is asked last.
"""

from __future__ import annotations

from ..module_utils.model.probe import ALLOWED

UNKNOWN = "unknown"


def way(cell, outcome, looked, refuser=""):
    """{"hops", "died", "rule"} of a cell whose packets were watched: words for people. ``looked`` is {host: what virt_ends saw}, and ``refuser`` the address of
    who said no, where somebody did.
    """
    hosts = [host for host in dict.fromkeys([cell["from_host"], *sorted(looked), cell["to_host"]]) if host in looked and host != cell["to_host"]]
    hosts += [cell["to_host"]] if cell["to_host"] in looked and cell["to_host"] not in hosts else []
    seen = [{**each, "host": host} for host in hosts for each in sorted(looked[host].get("seen", ()), key=lambda each: each["at"])]
    traced = [{**each, "host": host} for host in hosts for each in looked[host].get("traced", ())]
    asked, answered = _told_apart(cell, seen, traced)
    there, back = ([each for each in seen if _key(each) in keys] for keys in (asked, answered))
    rules = [each for each in traced if _key(each) in asked | answered]
    hops = [*_hops(there, "came by"), *_hops(back, "the answer came by")]
    if outcome == ALLOWED:
        return {"hops": hops, "died": "", "rule": _let_through(rules)}
    dropped = next((each for each in rules if each["dropped"]), None)
    if dropped:
        rule = f"on {dropped['host']}: {_rule(dropped['dropped'])}"
        return {"hops": hops, "died": f"on {dropped['host']}{_after(there + back, dropped['host'])}", "rule": rule}
    if refuser and refuser == cell["target"]:
        return {"hops": hops, "died": f"nowhere: {refuser} itself says no, as who has nobody listening there, or somebody does in its name", "rule": ""}
    if cell["target"] in cell["sources"]:
        return {"hops": hops, "died": f"within {cell['from_host']}, which asked itself: that is not watched", "rule": UNKNOWN}
    return {"hops": hops, "died": _died(cell, seen, there, back), "rule": _no_rule(rules, looked, hosts, there or back)}


def _key(each):
    return each["protocol"], each["source"], each["sport"], each["target"], each["port"], each["mark"] if each["protocol"] == "icmp" else "", each["says"]


def _sent(cell, protocol, seen, traced):
    """Marks of what the end that asks sent. Of the host itself that is what came in by no device: what it translates for others has its address, too."""
    port = int(cell["port"].partition("/")[2] or 0)

    def own(each):
        return (each["host"] == cell["from_host"] and each["protocol"] == protocol and not each["says"] and each["source"] in cell["sources"]
                and (each["target"], each["port"]) == (cell["target"], port))

    plugged = {each["mark"] for each in seen if own(each) and each["end"] == cell["from"]}
    if plugged:
        return plugged
    came = {each["mark"] for each in seen if each["host"] == cell["from_host"] and not each["out"]}
    return {each["mark"] for each in [*seen, *(each for each in traced if "inet output" in each["hooks"])] if own(each)} - came


def _told_apart(cell, seen, traced):
    """(keys of the packets that ask, keys of those that answer)."""
    protocol, packets = cell["port"].partition("/")[0], [*seen, *traced]
    first = _sent(cell, protocol, seen, traced)
    asked = [each for each in packets if each["protocol"] == protocol and not each["says"] and each["mark"] in first]
    back = {(each["target"], each["port"], each["source"], each["sport"]) for each in asked}
    answered = [each for each in packets if each["protocol"] == protocol and (each["source"], each["sport"], each["target"], each["port"]) in back
                and (protocol != "icmp" or each["says"] and each["mark"] in first) and (protocol != "tcp" or each["says"])]
    return set(map(_key, asked)), set(map(_key, answered))


def _place(each):
    """A device in words."""
    if each["end"]:
        return f"the port of {each['end'].rstrip('+')}" + (f" on {each['bridge']}" if each["bridge"] else "")
    if each["kind"] == "bridge":
        return f"bridge {each['device']}"
    return f"{each['device']} (a port of {each['bridge']})" if each["bridge"] else each["device"]


def _hops(seen, what):
    """A line for each host, by which devices packets came and went."""
    lines = {}
    for each in seen:
        lines.setdefault(each["host"], []).append(f"{'out' if each['out'] else 'in'} by {_place(each)}")
    return [f"{what} {host}: {', '.join(dict.fromkeys(steps))}" for host, steps in lines.items()]


def _after(seen, host):
    last = [each for each in seen if each["host"] == host]
    return f", after it went {'out' if last[-1]['out'] else 'in'} by {_place(last[-1])}" if last else ""


def _rule(rule):
    """A rule in words, as a person finds it again."""
    text = rule["text"] or "a rule that is not there any more"
    return f"{rule['family']} {rule['table']} {rule['chain']}: {text}" + (f" (handle {rule['handle']})" if rule["handle"] else "")


def _let_through(rules):
    accepted = [(each["host"], rule) for each in rules if not each["says"] for rule in each["accepted"]]
    return "; ".join(dict.fromkeys(f"on {host}: {_rule(rule)}" for host, rule in accepted if "accept" in rule["text"].split()))


def _no_rule(rules, looked, hosts, moved):
    """What can be told where no rule is seen to drop it."""
    deaf = [f"{host}: {looked[host]['deaf']}" for host in hosts if looked[host].get("deaf")]
    if deaf:
        return f"{UNKNOWN} ({'; '.join(deaf)})"
    if not moved:
        return "none, for nothing was sent"
    if not rules:
        return f"{UNKNOWN} (nftables traced none of it; iptables-legacy and what a device filters are not seen)"
    last = rules[-1]
    return (f"none of nftables' (traced on {last['host']} as far as {last['hooks'][-1] if last['hooks'] else 'nowhere'}); a route, reverse path filtering, "
            "iptables-legacy, or a device may have: " + UNKNOWN)


def _died(cell, seen, there, back):
    """Where a packet died that no rule dropped."""
    looking = _unanswered(seen, there, cell)
    if not there:
        return looking or f"at {cell['from_label']}: it sent nothing of the kind"
    if back:
        ended = any(each["end"] == cell["from"] and each["host"] == cell["from_host"] and each["out"] for each in back)
        return f"nowhere: the answer came back to {cell['from_label']}" if ended else (
            f"as the answer, on {back[-1]['host']}{_after(back, back[-1]['host'])}")
    last = there[-1]
    if any(each["end"] == cell["to"] and each["host"] == cell["to_host"] and each["out"] for each in there):
        return f"at {cell['to_label']}: it arrived, and nobody answers"
    if looking:
        return looking
    if last["out"] and not last["end"]:
        return f"behind {last['host']}, which it left by {_place(last)}"
    return f"on {last['host']}{_after(there, last['host'])}"


def _unanswered(seen, there, cell):
    """On which host somebody was looked for by ARP or neighbour discovery in vain, for the sake of a cell, or ''.

    Before anything is sent that is the host, or the end, that asks; later a router on the way that looks for the target.
    """
    tells = {(each["host"], each["source"]) for each in seen if each["protocol"] == "arp" and each["says"] == "tells"}
    asks = [each for each in seen if each["protocol"] == "arp" and each["says"] == "asks" and (each["host"], each["target"]) not in tells]
    mine = [each for each in asks if each["target"] == cell["target"] and (there or each["host"] == cell["from_host"])]
    mine = mine or [each for each in asks if not there and each["host"] == cell["from_host"] and each["source"] in cell["sources"]]
    if not mine:
        return ""
    whom, host = mine[-1]["target"], mine[-1]["host"]
    steps = ", ".join(dict.fromkeys(f"{'out' if each['out'] else 'in'} by {_place(each)}" for each in mine if (each["target"], each["host"]) == (whom, host)))
    return f"on {host}, where nobody says to have {whom} (who asks by ARP or neighbour discovery is seen {steps})"
