#!/usr/bin/python
# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module virt_confirm."""

from __future__ import annotations

DOCUMENTATION = r"""
module: virt_confirm
short_description: Confirm a change that is on trial
version_added: 0.1.0
description:
  - Modules of this collection that are given C(rollback_after) try a change, and take it back unless it is confirmed in time. They confirm it
    themselves, over a new connection; this module is what they do that with.
  - It is of use by itself where a controller was lost in the middle, and the change is to stay.
options:
  id:
    description:
      - Which trial to confirm, by the id that the task which began it returned.
      - Whatever is on trial where it is not given; that nothing is, is an error then.
    type: str
  confirm:
    description:
      - Whether to confirm it, or only to tell how it stands.
      - It can be confirmed once all of it is made. Whether the host can still be reached, only a connection proves that was made after that.
    type: bool
    default: true
requirements:
  - python >= 3.9
  - root
author:
  - virtlab.network contributors (@virtlab)
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: none
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: none
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
    support: partial
    details: [With O(id) given.]
"""

EXAMPLES = r"""
- name: Keep what is on trial
  virtlab.network.virt_confirm:

- name: How does it stand
  virtlab.network.virt_confirm:
    confirm: false
"""

RETURN = r"""
id:
  description: The trial.
  type: str
  returned: success
  sample: 3f0c9a5d17be
outcome:
  description:
    - How it stands, V(trying) while it is being made, V(made) once all is there, V(undoing) while it is taken back;
      or how it ended, V(confirmed), V(failed) or V(rolled back).
  type: str
  returned: success
  sample: confirmed
result:
  description: What the module that began it returns.
  type: dict
  returned: where it was confirmed
  sample: {changed: true}
why:
  description: Why it was taken back.
  type: str
  returned: where it was rolled back
  sample: nobody confirmed it in 60 s
said:
  description: What was done to take it back, and how that went.
  type: str
  returned: where it was not confirmed
  sample: "bridge br0: nothing of it was left behind"
"""

from ..module_utils.run import confirm


def main():
    """Entry point."""
    confirm()


if __name__ == "__main__":
    main()
