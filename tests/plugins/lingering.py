"""Methods whose processes try to outlive their cell: in a session of their own, orphaned, without an environment."""

import os
import subprocess
import sys
import time

from misbehaving import MeanColour

from methods.spec import MethodSpec, Part

DAEMON = f"daemon-of-a-cell-of-{os.environ.get('RIS_TESTS', '')}"
_SLEEPER = "import time; time.sleep(600)"
_EATER = "import time; block = bytearray(b'x' * (3 << 29)); time.sleep(600)"


def _forked(work) -> None:
    """A double fork without a new program: no ancestry, no session, no group of the cell."""
    if (pid := os.fork()) == 0:
        os.setsid()
        if os.fork() == 0:
            work()
        os._exit(0)
    os.waitpid(pid, 0)


def _program(code: str, **options) -> None:
    subprocess.Popen([sys.executable, "-c", code, DAEMON], start_new_session=True, **options)


def _become(code: str) -> None:
    os.execv(sys.executable, [sys.executable, "-c", code, DAEMON])


class Lingering(MeanColour):
    """Starts a daemon when it is fitted; then goes on, or never comes back."""

    def __init__(self, daemon: str, then: str = "") -> None:
        super().__init__()
        self.daemon, self.then = daemon, then

    def fit(self, gallery):
        match self.daemon:
            case "session":
                _program(_SLEEPER)
            case "bare":
                _program(_SLEEPER, env={})
            case "orphan":
                _forked(lambda: _become(_SLEEPER))
            case "fork":
                _forked(lambda: time.sleep(600))
            case "eater":
                _forked(lambda: _become(_EATER))
        time.sleep(1)
        if self.then == "sleep":
            time.sleep(600)
        if self.then == "die":
            os.kill(os.getpid(), 9)


def _method(daemon: str, then: str) -> MethodSpec:
    return MethodSpec(
        id=f"lingering-{daemon}{then and '-'}{then}",
        family="pixels",
        summary=f"starts a daemon ({daemon}), then: {then}",
        source="tests",
        method=Part("lingering:Lingering", {"daemon": daemon, "then": then}),
    )


METHODS = [
    _method(daemon, then) for daemon in ("session", "bare", "orphan", "fork", "eater") for then in ("", "sleep", "die")
]
