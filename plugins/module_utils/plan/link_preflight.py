# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What works as it is asked, and may not be what somebody wants: said before it is done."""

from __future__ import annotations

from ..model.link import over

#: kinds of devices that lead somewhere else, and those whose frames a smaller port drops in silence
OUTWARD = ("nic", "bond", "team", "vlan")
SIZED = (*OUTWARD, "vxlan", "tun")


def doubts(state, target, targets, context):
    """Yield warnings for a device's ``target``; ``state`` is what there is of it, or None."""
    if target is None or target.kind != "bridge" or target.ports is None:
        return
    held = set(state.port_names) if state is not None else set()
    if held >= set(target.port_names):
        return  # none joins
    ports = {name: _of(name, targets, context) for name in target.port_names}
    outward = sorted(name for name, (kind, unused) in ports.items() if kind in OUTWARD)
    if len(outward) > 1 and not over(state.data if state is not None else None, target.data).stp:
        yield f"STP is off, and {', '.join(outward)} lead out of the host: two ways to the same switch would be a loop; say stp: true where there may be one"
    for name in outward:
        if name not in held and context.ways_out.get(name):
            those = ", ".join(context.ways_out[name])
            yield (f"guests of {those} get out by {name} alone, which nothing leaves by any more once it is a port of {target.name}: "
                   f"say forward: {{dev: {target.name}}} in that network")
    nic = target.uplink.nic if target.uplink is not None else None
    router = context.loses(nic, context.seen[nic].mtu) if nic in ports and nic not in held and nic in context.seen else None
    if router is not None:
        yield (f"{router} answers by {nic}, and no packet as large as {nic} takes ({context.seen[nic].mtu}): on the way there the MTU is smaller, and guests "
               "with this one would lose what is larger in silence; give the bridge and the NIC the mtu of the way")
    sizes = {name: mtu for name, (kind, mtu) in ports.items() if kind in SIZED and mtu}
    if len(set(sizes.values())) > 1:
        said = ", ".join(f"{name} {mtu}" for name, mtu in sorted(sizes.items(), key=lambda pair: (pair[1], pair[0])))
        yield f"the MTU differs from port to port ({said}): what is larger than the smallest is lost in silence between them"


def _of(name, targets, context):
    """(kind, MTU) that a port will have; None where nobody knows."""
    seen, target = context.seen.get(name), targets.get(name)
    kind = target.kind if target is not None else seen.kind if seen else None
    mtu = target.link.mtu if target is not None and target.link.mtu is not None else seen.mtu if seen else None
    return kind, mtu
