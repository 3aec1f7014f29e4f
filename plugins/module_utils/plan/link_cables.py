# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cables (veth): one end is made, and brings the other along; one end goes, and takes the other with it. A task may name both. Pure, as all plans."""

from __future__ import annotations

from dataclasses import replace

from ..errors import ValidationError, about
from ..model.link_kinds import Veth


def brought(wanted, observed, context):
    """{name of a cable's end that a plan makes: name of the one that brings it}. Raises ValidationError where an end cannot come so."""
    by_name, found = {each.name: each for each in wanted}, {}
    for each in wanted:
        with about(f"{each.kind} {each.name}" if len(wanted) > 1 else ""):
            held, peer = observed[each.name], getattr(each.data, "peer", None)
            if each.state == "absent":
                _check_stays(each, held, by_name)
            elif peer == each.name:
                raise ValidationError("veth.peer", peer, "is the device itself", "give the other end a name of its own")
            elif peer and found.get(each.name) != peer and (held is None or held.kind == "veth" and held.data.peer not in (None, peer)):
                _check_other(each, peer, by_name.get(peer), found, context)
                found[peer] = each.name
    return found


def _check_stays(wanted, held, by_name):
    """Raise ValidationError where an end takes another along that is to be there."""
    other = by_name.get(held.data.peer) if held is not None and held.kind == "veth" else None
    if other is not None and other.state != "absent":
        raise ValidationError("state", "absent", f"{other.name} is the other end of {wanted.name}, and goes with it",
                              f"say state: absent for {other.name}, too")


def _check_other(wanted, peer, other, found, context):
    """Raise ValidationError where a cable's new end cannot have ``peer`` for its other one; ``other`` is what is wanted of that, or None."""
    if peer in context.seen:
        why, what = f"is there already, a device of kind {context.seen[peer].kind}", "choose another name, or remove that one first"
    elif peer in {*found, *found.values()}:
        why, what = "is an end of another cable in the same task", "give each end one other"
    elif other is None:
        return
    elif other.state == "absent":
        why, what = "is to be absent in the same task", "leave that out: it comes with this end"
    elif other.device not in (None, "veth"):
        why, what = f"is to be a device of kind {other.device} in the same task", "choose another name for one of the two"
    elif getattr(other.data, "peer", None) not in (None, wanted.name):
        why, what = f"is to have {other.data.peer} for its other end in the same task", "make the two agree"
    else:
        return
    raise ValidationError("veth.peer", peer, why, what)


def ends(wanted, comes):
    """The wanted devices, where those that come with another are the other ends of these; they bear no mark, for they go with these."""
    return [replace(each, device="veth", data=Veth(comes[each.name]), lab=None) if each.name in comes else each for each in wanted]


def going(wanted, observed):
    """Names of ends that go with another that the plan removes."""
    absent = [each.name for each in wanted if each.state == "absent" and observed[each.name] is not None and observed[each.name].kind == "veth"]
    return {name for number, name in enumerate(absent) if observed[name].data.peer in absent[:number]}
