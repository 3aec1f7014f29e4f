# SPDX-License-Identifier: GPL-3.0-or-later
"""How long things take, as ratios against others in the same run on the same host; not shipped."""
