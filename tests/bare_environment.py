"""The environment of commands that tests start."""

import os

_OF_THIS_MACHINE = ("RIS_DATA", "RIS_WEIGHTS", "RIS_INDEX")


def bare_environment(**more: str) -> dict[str, str]:
    """This process' variables and `more`, without those that name data sets, weights or indexes of this machine."""
    return {name: value for name, value in os.environ.items() if name not in _OF_THIS_MACHINE} | more
