# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge to Ansible: parameters in, exit_json or fail_json out. Nothing else in the collection knows AnsibleModule.

Each module imports what it does, and no more: what Ansible ships is compiled anew in every task.
"""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule

from . import argument_spec
from .errors import VirtNetError, heed_signals


def resource(kind):
    """A module of one resource: virt_network, virt_bridge and their kin, each of which is named after its kind."""
    _change(f"virt_{kind}", argument_spec.of_kind(kind))


def virt_host():
    """The module virt_host."""
    _change("virt_host", argument_spec.virt_host())


def information(what):
    """A module that tells what is there: virt_network_info and its kin, for networks, bridges, links, or neighbours."""
    from . import info

    module = AnsibleModule(supports_check_mode=True, **getattr(argument_spec, f"virt_{what[:-1]}_info")())
    _run(module, lambda: {"changed": False, what: getattr(info, what)(module.params)})


def confirm():
    """The module virt_confirm."""
    from . import trial

    module = AnsibleModule(supports_check_mode=False, **argument_spec.virt_confirm())
    _run(module, lambda: trial.settle(module.params["id"], module.params["confirm"]))


def probe():
    """The module virt_probe."""
    from . import probe as proof

    module = AnsibleModule(supports_check_mode=False, **argument_spec.virt_probe())
    _run(module, lambda: proof.probe(module.params))


def ends():
    """The module virt_ends."""
    from . import ends as staying

    module = AnsibleModule(supports_check_mode=False, **argument_spec.virt_ends())
    _run(module, lambda: staying.ends(module.params))


def _change(name, spec):
    from . import trial

    module = AnsibleModule(supports_check_mode=True, **spec)

    def act():
        make = trial.predict if module.check_mode else trial.make
        return make(name, module.params, diff=module._diff, warn=module.warn)

    _run(module, act)


def _run(module, act):
    heed_signals()
    try:
        result = act()
    except VirtNetError as err:
        module.fail_json(msg=str(err), **err.result)
    module.exit_json(**result)
