"""Installing says how far it is without a line for each package."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / ".ci" / "pip_progress.py"


def test_some_packages_large_downloads_and_errors_are_shown():
    pip = [f"Collecting package{number}>=1 (from x)" for number in range(45)]
    pip += ["  Downloading tensorflow-2.21.0-cp311.whl (620.7 MB)", "  Downloading tiny-1.0.whl (1.2 MB)"]
    pip += ["Installing collected packages: a, b, c", "ERROR: No matching distribution found for d"]
    done = subprocess.run([sys.executable, SCRIPT], input="\n".join(pip), capture_output=True, text=True, check=True)
    assert [line.strip() for line in done.stdout.splitlines()] == [
        "package 1: package0>=1",
        "package 21: package20>=1",
        "package 41: package40>=1",
        "downloading tensorflow-2.21.0-cp311.whl, 620.7 MB",
        "installing 3 packages",
        "ERROR: No matching distribution found for d",
    ]
