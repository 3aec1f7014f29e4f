# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action virt_interface: the module, and where a change is on trial its confirmation."""

from __future__ import annotations

from ..plugin_utils.trial import Trial


class ActionModule(Trial):
    """See there."""
