# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ends: probes of one host that stay between tasks, so that others can ask them, and those of other hosts too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from .option import option, options
from .probe import PATIENCE, SECONDS, Check, Ear, Place
from .values import ADDRESS, BOOL, LAB, LINE, PORT, WORD, one_of

#: seconds that ends stay without anybody asking anything of them, where no others are given
STAYING = 120
#: what packets are watched for
PROTOCOLS = ("tcp", "udp", "icmp")


@dataclass(frozen=True)
class End(Place):
    """One that asks and is asked: plugged in as a guest would be, the host itself, or a guest that runs, which is asked alone."""

    name: Optional[str] = option(LINE, "What it is called, by checks and by the result.", required=True)
    guest: Optional[str] = option(
        WORD, "A guest of libvirt's that runs, instead. Nothing is done to it; its addresses are looked up, as its agent, leases or ARP tell them. With "
        "O(network) of its NICs on that network alone."
    )
    listen: Optional[tuple] = options(Ear, "Ports on which it answers whoever asks, by both versions of IP.", unset=None)


@dataclass(frozen=True)
class Question(Check):
    """A check, and who makes it."""

    end: Optional[str] = option(LINE, "The end that makes it, by name.", required=True)


@dataclass(frozen=True)
class Flow:
    """Packets that are watched: those of one question, and of what is answered."""

    protocol: Optional[str] = option(one_of(*PROTOCOLS), "Protocol; V(icmp) are echoes, of both versions of IP.", required=True)
    target: Optional[str] = option(ADDRESS, "Address that they are for.", required=True)
    port: Optional[int] = option(PORT, "Port that they are for, of V(tcp) and V(udp).")


@dataclass(frozen=True)
class Ends:
    """What is asked of the ends of a run."""

    run: Optional[str] = option(LAB, "What these ends are called together: tasks that are about the same ends give the same word.", required=True)
    state: Optional[str] = option(
        one_of("present", "absent"), "V(present) where they are to be there, as long as O(seconds) tells; V(absent) where they are to leave. "
        "V(present) where it is not given."
    )
    ends: Optional[tuple] = options(
        End, "Ends to be there. They replace those of the same run. On a host without any the packets of others' can be watched that pass it.", unset=None,
        ordered=True)
    checks: Optional[tuple] = options(Question, "What they are to try, all at the same time.", unset=None, ordered=True)
    watch: Optional[tuple] = options(
        Flow, "Packets to watch from now on, until O(look): on all devices of the host, and by what rules of nft(8) they come. A table of our own has the "
        "kernel trace them; it goes with the process that made it.", unset=None,
    )
    look: Optional[bool] = option(BOOL, "Tell what was seen of the packets that are watched, and watch them no more.")
    seconds: Optional[int] = option(PATIENCE, f"Seconds that they stay without anybody asking anything of them; {STAYING} where it is not given.")
    wait: Optional[int] = option(SECONDS, "Seconds in which a check that is not as expected is tried again.")
    timeout: Optional[int] = option(PATIENCE, "Seconds until a check without an answer is given up; 3 where it is not given.")
    fail: Optional[bool] = option(BOOL, "Whether the task fails where an end is not there, or a check is not as expected; V(true) where it is not given.")
