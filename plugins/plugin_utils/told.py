# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of filters, as people see them."""

from __future__ import annotations

import functools

from ansible.errors import AnsibleFilterError

from ..module_utils.errors import VirtNetError


def told(act):
    """A filter whose errors are those that people can act on."""

    @functools.wraps(act)
    def filtered(*arguments, **options):
        try:
            return act(*arguments, **options)
        except VirtNetError as err:
            raise AnsibleFilterError(str(err)) from err

    return filtered
