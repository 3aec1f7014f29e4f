# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured of one kind of resource."""

from __future__ import annotations

from typing import Callable, NamedTuple


class Alone(NamedTuple):
    """A contender that Ansible has no part in: its title, and the script of this folder that runs on the host.

    ``script VERB`` reads JSON on stdin and prints how many seconds VERB took.
    """

    title: str
    script: str


class Played(NamedTuple):
    """A contender that Ansible plays: its title, what gives the tasks of (verb, count), the most that it is given, whether its ``changed`` is true, and
    whether each verb is done ``once``, in one round, as it takes so long.
    """

    title: str
    tasks: Callable
    most: int
    truthful: bool = True
    once: bool = False


class Subject(NamedTuple):
    """One kind of resource: ``name`` in the plural, ``counts`` of them, titles of ``verbs`` in their order, contenders by name, and ``given(count)``,
    what those that run alone are given. All others are held against the first of ``alone``.
    """

    name: str
    counts: tuple
    verbs: dict
    alone: dict
    played: dict
    given: Callable

    @property
    def limit(self):
        """Name of the contender that the others are held against."""
        return next(iter(self.alone))

    @property
    def contenders(self):
        """{name: title} of all."""
        return {name: each.title for name, each in {**self.alone, **self.played}.items()}
