# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to what is asked of the ends of a run, or an error before anything is touched."""

from __future__ import annotations

import ipaddress

from ..errors import ValidationError
from ..model.ends import Ends
from ..model.option import read
from .probe import check_check, check_ears, check_place

#: options that mean nothing to what others are
OF_GUESTS = ("guest", "name", "network")
WORK = ("ends", "checks", "watch", "look")


def ends(params):
    """The Ends of virt_ends' options."""
    wanted = read(Ends, params)
    if wanted.state == "absent":
        given = next((name for name in WORK if getattr(wanted, name)), None)
        if given:
            raise ValidationError("state", "absent", f"the ends are to leave, and {given} is asked of them", f"leave {given} out, or state")
        return wanted
    if wanted.ends is None and not any(getattr(wanted, name) for name in WORK):
        raise ValidationError("run", wanted.run, "nothing is asked of these ends", f"give some of {', '.join(WORK)}, or state: absent")
    if wanted.watch is not None and wanted.look:
        raise ValidationError("look", True, "what one task begins to watch another tells", "give watch first, and look in a task behind what is to be seen")
    _check_ends(wanted.ends or ())
    for number, check in enumerate(wanted.checks or ()):
        check_check(f"checks[{number}]", check)
    for number, flow in enumerate(wanted.watch or ()):
        _check_flow(f"watch[{number}]", flow)
    return wanted


def _check_ends(wanted):
    names = [each.name for each in wanted]
    for number, end in enumerate(wanted):
        path = f"ends[{number}]."
        if names.count(end.name) > 1:
            raise ValidationError(f"{path}name", end.name, "is there twice", "give each a name of its own")
        if end.guest:
            odd = next((name for name in vars(end) if name not in OF_GUESTS and getattr(end, name) not in (None, False)), None)
            if odd:
                raise ValidationError(f"{path}{odd}", getattr(end, odd), "a guest is asked as it is", "leave it out, or guest")
        else:
            check_place(end, path)
            check_ears(end.listen or (), f"{path}listen")


def _check_flow(path, flow):
    if (flow.protocol == "icmp") != (flow.port is None):
        raise ValidationError(f"{path}.port", flow.port, "packets of TCP and UDP are told by the port that they are for, and those of ICMP have none",
                              "give it, or leave it out")
    if ipaddress.ip_address(flow.target).is_link_local:
        raise ValidationError(f"{path}.target", flow.target, "is an address of one segment alone", "give one that is known on the whole way")
