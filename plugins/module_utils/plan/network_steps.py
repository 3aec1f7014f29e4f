# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps from one NetworkState to another, and the changes that they come to, each with its price. Pure, as all plans."""

from __future__ import annotations

from ..model.kernel import CHAINS_LOST, IN_PLACE
from ..model.network import TEXTS
from ..model.network_state import as_given, as_stored, report
from ..model.option import differences
from ..model.proxied import entries
from .network_target import restarts
from .network_update import updates_between
from .plan import COSTS, Change, Step

NOTHING = (None, None, False, None, None, None, frozenset())
#: steps that give the kernel what libvirt holds that it has
MENDING = frozenset({"up", "address", "reload_daemon", "restart_daemon", "attach", "proxy"})


def steps_between(state, target):
    """The steps that turn one NetworkState (or None) into another; each that is left out by a kill leaves a state to go on from."""
    stored, live, autostart, kernel, interrupted, hook, proxied = _views(state)
    to_store, to_live, to_autostart, to_kernel, unused, to_hook, to_proxy = _views(target)
    updates = _updates(live, to_live, bool(to_store)) if live and to_live else None
    stop = live is not None and (to_live is None or updates is None or lost(kernel, to_kernel))
    start = to_live is not None and (live is None or stop)
    steps = [Step("install_hook")] if to_hook and not hook else []
    steps += [Step("release_hook")] if hook is not None and state.hooked and not (target and target.hooked) else []
    steps += [Step("detach", name) for name in (to_kernel.off if to_kernel else ()) if kernel and kernel.port(name)]
    steps += [Step("unproxy", entry) for entry in _unproxied(proxied, to_proxy)]
    if stop and start:
        steps.append(Step("remember", (live.uuid, to_kernel.ports if to_kernel else ())))
    if start:
        steps += _starting(stored, live, to_store, to_live)
    else:
        if to_store and stored != to_store:
            steps.append(Step("define", to_store))
        if stop:
            steps.append(Step("stop"))
        if stored and not to_store:
            steps.append(Step("undefine"))
        steps += [Step("update", update) for update in updates or ()]
    if to_kernel:
        steps += _kernel_steps(None if start else kernel, to_kernel, to_live.bridge_name)
    wanting = to_proxy if start else to_proxy - proxied
    steps += [Step("proxy", entry) for entry in (entries(target.definition.proxied) if wanting else ()) if entry in wanting]
    if to_store and autostart != to_autostart:
        steps.append(Step("autostart", to_autostart))
    if interrupted is not None or stop and start:
        steps.append(Step("forget", (live or stored).uuid))
    return tuple(steps)


def _unproxied(held, wanted):
    """What is taken away, first what answers at the uplink and last what leads to the guests."""
    return sorted(entry for entry in held - wanted if not entry.stays)


def _views(state):
    return (state.stored, state.live, state.autostart, state.kernel, state.interrupted, state.hook, state.proxied) if state else NOTHING


def lost(kernel, target):
    """True where the bridge is gone that is to be there."""
    return bool(kernel and target) and kernel.bridge == "missing" != target.bridge


def _starting(stored, live, to_store, to_live):
    """Start a network, stopped first where it is ``live``. Only one that is in no way there is created transient: others stay in sight of libvirt."""
    if not (stored or live or to_store):
        return [Step("create", to_live)]
    first = to_live if not to_store or restarts(to_store, to_live) else to_store
    steps = [Step("define", first)] if stored != first else []
    steps += [Step("stop")] if live else []
    steps.append(Step("start"))
    if not to_store:
        steps.append(Step("undefine"))
    elif first != to_store:
        steps.append(Step("define", to_store))
    return steps


def _updates(live, target, stored):
    """The Updates that turn one live definition into another; None where only a restart does."""
    return updates_between((as_stored if stored else as_given)(live, target), target)


def _kernel_steps(kernel, target, bridge):
    """What a bridge lacks. ``kernel`` None is one that libvirt just made, which lacks its ports alone."""
    if kernel and not lost(kernel, target):
        if kernel.bridge != target.bridge:
            yield Step("up", bridge)
        yield from (Step("address", (bridge, address)) for address in sorted(target.addresses - kernel.addresses))
        if target.firewall == IN_PLACE and kernel.firewall == CHAINS_LOST:
            yield Step("restart_daemon")
        elif target.firewall == IN_PLACE != kernel.firewall or target.dnsmasq > kernel.dnsmasq:
            yield Step("reload_daemon")
    for port in target.ports:
        held = kernel.port(port.name) if kernel else None
        if held is None or not held.holds(port):
            yield Step("attach", (bridge, port))


def changes_between(state, target, steps):
    """The Changes, with their price, between two NetworkStates (or None); ``steps`` are those of steps_between()."""
    if not steps:
        return
    cost = _cost(state, target, {step.verb for step in steps})
    before, after = report(state), report(target)
    if state is not None and state.hook is False and target is not None and target.hook:
        yield Change("hook", "missing", "installed", "live")
    if state is not None and target is not None:
        yield from _field_changes(state, target, cost, [step.value for step in steps if step.verb == "update"])
    for name in ("state", "autostart", "persistent"):
        if before.get(name) != after.get(name) and (name == "state" or "absent" not in (before["state"], after["state"])):
            yield Change(name, before.get(name), after.get(name), cost if name != "autostart" else "live")
    if state is not None and state.kernel and target is not None and target.kernel:
        yield from _kernel_changes(state.kernel, target.kernel, any(step.verb == "start" for step in steps))
    if target is not None and not {"start", "create", "stop"} & {step.verb for step in steps} and {"proxy", "unproxy"} & {step.verb for step in steps}:
        yield Change("kernel.proxied", *(sorted(map(str, each.proxied)) for each in (state, target)), "live")


def _cost(state, target, verbs):
    if "stop" not in verbs or not state.live.owns_bridge:
        return "live"
    return "replace" if target is not None and target.live and not target.live.owns_bridge else "restart"


def _field_changes(state, target, cost, updates):
    old, new = state.definition, target.definition
    fields = {field: (before, after) for field, before, after in differences(old, new)}
    if state.live and target.live:
        running = (as_stored if target.stored else as_given)(state.live, target.live)
        fields = {**{field: (before, after) for field, before, after in differences(running, target.live)}, **fields}
    for field, (before, after) in fields.items():
        costs = [each.cost for each in updates if field.startswith(each.field) or each.field.startswith(field)]
        free = field.partition("[")[0].partition(".")[0] in TEXTS and target.stored
        yield Change(field, before, after, "live" if free else max(costs, key=COSTS.index, default=cost))
    if old.lab != new.lab:
        yield Change("lab", old.lab, new.lab, "live")
    if old.unknown != new.unknown:
        yield Change("unknown", *([f"{path} {content}".strip() for path, content in each.unknown] for each in (old, new)), cost)


def _kernel_changes(kernel, target, restart):
    """What is mended in the kernel. All but a bridge that is gone comes back without a guest noticing, and with a restart by itself."""
    if lost(kernel, target):
        yield Change("kernel.bridge", "missing", target.bridge, "restart")
    elif not restart:
        if kernel.bridge != target.bridge:
            yield Change("kernel.bridge", kernel.bridge, target.bridge, "live")
        if not target.addresses <= kernel.addresses:
            yield Change("kernel.addresses", sorted(kernel.addresses), sorted(target.addresses), "live")
        if target.firewall == IN_PLACE != kernel.firewall:
            yield Change("kernel.firewall", kernel.firewall, target.firewall, "live")
        if target.dnsmasq > kernel.dnsmasq:
            yield Change("kernel.dnsmasq", "dead", "running", "live")
    for port in target.ports:
        held = kernel.port(port.name)
        if held and not restart and not held.holds(port):
            yield Change(f"kernel.ports[{port.name}]", held.lacks(port, held), held.lacks(port, port), "live")
    if any(kernel.port(port.name) is None for port in target.ports) or any(kernel.port(name) for name in target.off):
        yield Change("kernel.ports", [port.name for port in kernel.ports], [port.name for port in target.ports], "live")
