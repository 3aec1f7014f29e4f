# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a probe does in its namespace, as a guest does after it is started: it gets its addresses, checks, listens, and gives back what it was given.

It needs nothing but Python and ip(8).
"""

from __future__ import annotations

import contextlib
import ipaddress
import time
from concurrent.futures import ThreadPoolExecutor

from ..codec.plug_words import NIC
from ..model.option import read
from ..model.probe import ALLOWED, FAMILIES, LEASE_TIMEOUT, TIMEOUT, Check, Probe, meets
from . import iproute, sysctl
from .probe_checks import Checks
from .probe_ears import Capture, Ears
from .probe_lease import Clients

#: how the kernel sees to IPv6: no doubt about own addresses, for their owner is gone in a moment
SIX = {"accept_dad": 0, "dad_transmits": 0, "router_solicitation_delay": 0, "use_tempaddr": 0}
#: checks at the same time; and seconds between two tries of one that is not as expected
AT_ONCE, AGAIN = 16, 0.5
#: seconds that others have to say that an address is theirs
DOUBT = 0.3
#: seconds that a router is waited for beside a lease of IPv6, which tells of none, and where there need not be one
ROUTER = 3


def stay(wanted, asking, mac, side):
    """All that a Probe finds out, a dict of plain values."""
    begun = time.monotonic()
    with _there(wanted, asking, mac, side, wanted.listen) as place:
        settled = time.monotonic()
        time.sleep(wanted.delay or 0)
        checks = check_all(place.checks(), wanted.checks or (), wanted)
        time.sleep(max(0, settled + (wanted.seconds or DOUBT) - time.monotonic()))
        return {**place.ended(), "settled": round(settled - begun, 2), "checks": checks, "seconds": round(time.monotonic() - begun, 2)}


def stand(wanted, asking, mac, side):
    """Be an End for as long as somebody asks something of it; each time it is checks, plain Checks with what else a Probe says of them."""
    with _there(wanted, asking, mac, side, wanted.listen) as place:
        time.sleep(DOUBT)
        said = place.facts()
        while True:
            asked = side.turn(said)
            if not asked:
                return {}
            said = asking_all(place.checks(), asked)


def asking_all(checks, asked):
    """What becomes of plain Checks, with the ``wait`` and ``timeout`` of all."""
    wanted = read(Probe, asked, strict=False)
    return check_all(checks, wanted.checks, wanted)


@contextlib.contextmanager
def _there(wanted, asking, mac, side, ears):
    """The _Place once it has its addresses, and answers on some ports."""
    with contextlib.ExitStack() as stack:
        _settle(asking)
        capture = stack.enter_context(Capture(mac))
        iproute.batch("ip", [("link", "set", "dev", "lo", "up"), ("link", "set", "dev", NIC, "up")])
        waited = side.ready()["waited"]
        clients = stack.enter_context(Clients(mac, wanted.lease_timeout or LEASE_TIMEOUT))
        place = _Place(wanted, asking, mac, capture, clients)
        place.settle()
        place.ears, place.waited = stack.enter_context(Ears(ears or (), mac)), waited
        yield place


def _settle(asking):
    heed = int(asking.slaac or "ipv6" in asking.dhcp)
    for name, value in {**SIX, "accept_ra": heed, "autoconf": int(asking.slaac)}.items():
        if sysctl.read(f"net/ipv6/conf/{NIC}/{name}") is not None:
            sysctl.write(f"net/ipv6/conf/{NIC}/{name}", value)


class _Place:
    """Where the probe is: its addresses, and what it came to know of the network."""

    def __init__(self, wanted, asking, mac, capture, clients):
        self.wanted, self.asking, self.mac, self.capture, self.clients = wanted, asking, mac, capture, clients
        self.leases, self.missing, self.ears, self.waited = [], [], None, 0
        self.domain, self.nameservers, self.gateways = wanted.domain or "", list(wanted.nameservers or ()), {}

    def settle(self):
        """Get addresses and routes, all of them at the same time."""
        added = [("address", "add", each, "dev", NIC, *(["nodad"] if ":" in each else [])) for each in self.wanted.addresses or ()]
        iproute.batch("ip", added)
        self.capture.claim(*(self.wanted.addresses or ()))
        acts = [(family, getattr(self, family)) for family in self.asking.dhcp] + ([("slaac", self.slaac)] if self.asking.slaac else [])
        for name, missing in zip(dict(acts), at_once(lambda act: act[1](), acts)):
            self.missing += [{"what": name, "said": missing}] if missing else []
        for gateway in self.wanted.gateways or ():
            family = "-6" if ":" in gateway else "-4"
            iproute.run("ip", family, "route", "replace", "default", "via", gateway, "dev", NIC, *(["onlink"] if family == "-4" else []))
        if not self.wanted.nameservers:
            told = [each for router in self.capture.routers() for each in router["nameservers"]] if self.asking.slaac or "ipv6" in self.asking.dhcp else []
            self.nameservers = list(dict.fromkeys([*(each for lease in self.leases for each in lease["nameservers"]), *told]))
        self.domain = self.domain or next((lease["domain"] for lease in self.leases if lease["domain"]), "")
        self.gateways = {version: self._gateway(version) for version in FAMILIES.values()}

    def ipv4(self):
        """Take a lease of DHCP; why there is none, or ''."""
        answer, said, seconds = self.clients.take4()
        if answer is None:
            return said
        self._keep("ipv4", answer, seconds)
        if answer.mtu and answer.mtu < self.mtu():
            iproute.run("ip", "link", "set", "dev", NIC, "mtu", str(answer.mtu))
        iproute.run("ip", "address", "add", answer.address, "dev", NIC)
        self.capture.claim(answer.address)
        mine = ipaddress.ip_interface(answer.address).network
        for subnet, router in answer.routers:
            onlink = [] if ipaddress.ip_address(router) in mine else ["onlink"]
            way = ["via", router] if router != "0.0.0.0" else []
            iproute.run("ip", "-4", "route", "replace", subnet, *way, "dev", NIC, *onlink)
        return ""

    def ipv6(self):
        """Take a lease of DHCPv6; why there is none, or ''. Where nobody has to serve, routers tell whether anybody does, as guests heed it."""
        if not self.asking.must and not self._until(lambda: any(each["managed"] for each in self.capture.routers()), ROUTER):
            return f"no router says in {ROUTER} s that there is a server"
        answer, said, seconds = self.clients.take6()
        if answer is None:
            return said
        self._keep("ipv6", answer, seconds)
        iproute.run("ip", "-6", "address", "add", answer.address, "dev", NIC, "nodad")
        self.capture.claim(answer.address)
        self._until(lambda: self._gateway(6) or self.capture.routers(), ROUTER)
        return ""

    def _keep(self, family, answer, seconds):
        self.leases.append({
            "family": family, "address": answer.address, "server": answer.server, "seconds": answer.seconds, "took": seconds,
            "gateways": [router for subnet, router in answer.routers if subnet == "default"],
            "routes": [{"subnet": subnet, "gateway": router} for subnet, router in answer.routers if subnet != "default"],
            "nameservers": list(answer.nameservers), "domain": answer.domain, "mtu": answer.mtu,
        })

    def slaac(self):
        """Wait for an address by what routers advertise; why there is none, or ''."""
        seconds = (self.wanted.lease_timeout or LEASE_TIMEOUT) if self.asking.must else ROUTER
        if self._until(lambda: any(each["by"] == "slaac" for each in self._addresses()), seconds):
            return ""
        routers = self.capture.routers()
        return (f"router {routers[0]['address']} advertises no prefix to make an address of, in {seconds} s" if routers
                else f"no router advertised itself in {seconds} s")

    def _until(self, condition, seconds):
        """True where something comes to be so in time that routers bring about, which are asked again each second."""
        begun, asked = time.monotonic(), 0
        while not condition():
            if time.monotonic() > begun + seconds:
                return False
            if time.monotonic() >= begun + asked:
                self.capture.solicit()
                asked += 1
            time.sleep(0.05)
        return True

    def mtu(self):
        """That of the NIC, as it stands."""
        return iproute.read("ip", "link", "show", "dev", NIC)[0]["mtu"]

    def _addresses(self):
        given = {each.partition("/")[0] for each in self.wanted.addresses or ()}
        leased = {each["address"].partition("/")[0]: each["family"] for each in self.leases}
        found = []
        for info in next(filter(None, iproute.read("ip", "address", "show", "dev", NIC)), {}).get("addr_info", ()):
            local = info["local"]
            by = ("static" if local in given else "dhcp" if local in leased else "slaac" if info.get("dynamic") else "link-local")
            found.append({"address": f"{local}/{info['prefixlen']}", "by": by})
        return found

    def _gateway(self, version):
        routes = iproute.read("ip", f"-{version}", "route", "show", "default", "dev", NIC)
        return next((each["gateway"] for each in sorted(routes, key=lambda each: each.get("metric", 0)) if "gateway" in each), "")

    def versions(self):
        """The versions of IP by which it reaches more than its segment."""
        return {6 if ":" in each["address"] else 4 for each in self._addresses() if each["by"] != "link-local"}

    def facts(self):
        """Where it is, as it stands."""
        neighbours = {each["dst"]: each["lladdr"] for each in iproute.read("ip", "neighbour", "show", "dev", NIC) if "lladdr" in each}
        own = self._addresses()
        return {
            "addresses": own, "mtu": self.mtu(), "gateways": [each for each in self.gateways.values() if each], "nameservers": self.nameservers,
            "domain": self.domain, "missing": self.missing, "neighbours": neighbours,
            "duplicates": self.capture.duplicates({each["address"].partition("/")[0] for each in own}),
            "leases": self.leases, "routers": self.capture.routers(), "waited": self.waited,
        }

    def checks(self):
        """What makes Checks from there."""
        return Checks(self.gateways, self.nameservers, self.domain, self.mtu(), self.versions())

    def ended(self):
        """The same facts as it leaves, with what came in; it gives its leases back."""
        facts, given_back = self.facts(), self.clients.release()
        return {
            **facts, "heard": self.ears.heard(), "arrived": self.capture.arrived(),
            "leases": [{**each, "released": each["family"] in given_back} for each in self.leases],
        }


def check_all(checks, asked, wanted):
    """What becomes of some Checks; ``wanted`` has the ``wait`` and ``timeout`` of all."""
    begun, patience = time.monotonic(), wanted.wait or 0
    return at_once(lambda check: _check(checks, check, wanted, begun + patience), asked)


def at_once(act, members):
    """What is done with each of them, some at the same time. Where somebody wants it to end, nobody waits for what is tried."""
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        return list(pool.map(act, members))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _check(checks, check: Check, wanted, end):
    tries, begun = 0, time.monotonic()
    while True:
        tries += 1
        found = checks.make(check, check.timeout or wanted.timeout or TIMEOUT)
        met = meets(check.kind, check.expect or (ALLOWED,), found)
        if met or time.monotonic() > end:
            return {**found, "met": met, "tries": tries, "seconds": round(time.monotonic() - begun, 2)}
        time.sleep(AGAIN)
