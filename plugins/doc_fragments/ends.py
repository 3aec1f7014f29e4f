# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options of ends, computed from the model that declares them."""

from __future__ import annotations

from ..module_utils.model.ends import Ends
from .network import document, suboptions


class ModuleDocFragment:
    """The fragment virtlab.network.ends: what is asked of ends."""

    DOCUMENTATION: str = "options:\n" + suboptions(document(Ends), 1)
