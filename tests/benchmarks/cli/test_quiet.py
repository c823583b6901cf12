"""Start-up lines of native libraries stay off the terminal, everything else reaches it."""

import subprocess
import sys

import pytest
from test_cli import ROOT, cli

from benchmarks.cli.quiet import is_noise

NOISE = [
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    "I0000 00:00:1795879890.223014   10936 port.cc:153] oneDNN custom operations are on. You may see slightly",
    "W0000 00:00:1795879890.223014   10936 gpu_device.cc:2344] Cannot dlopen some GPU libraries.",
    "E0000 00:00:1738760000.123456   10936 cuda_dnn.cc:8310] Unable to register cuDNN factory",
    "2026-02-05 12:00:00.123456: I tensorflow/core/platform/cpu_feature_guard.cc:210] This TensorFlow binary is",
    "2026-02-05 12:00:00.123456: E external/local_xla/xla/stream_executor/cuda/cuda_fft.cc:477] Unable to register",
    "To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow",
]
KEPT = [
    "error: unknown method 'phsh': did you mean phash?",
    "F0000 00:00:1795879890.223014   10936 status.cc:12] Non-OK-status",
    "E0000 00:00:1795879890.223014   10936 save.cc:12] out of disk",
    "Traceback (most recent call last):",
    "Illegal instruction",
    "Invalid MIT-MAGIC-COOKIE",
    "",
]


@pytest.mark.parametrize("line", NOISE)
def test_a_start_up_line_is_noise(line):
    assert is_noise(line.encode())


@pytest.mark.parametrize("line", KEPT)
def test_any_other_line_is_not(line):
    assert not is_noise(line.encode())


def test_native_lines_are_filtered_and_the_last_words_before_a_crash_are_kept():
    code = (
        "import os, sys; from benchmarks.cli.quiet import hush; hush();"
        f"os.write(2, {(NOISE[1] + chr(10) + 'a native word' + chr(10)).encode()!r});"
        "print('a python word', file=sys.stderr); os.write(2, b'dying'); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert sorted(done.stderr.splitlines()) == sorted(["a python word", "a native word", "dying"])


def test_without_standard_error_nothing_breaks():
    command = f"{sys.executable} -m benchmarks list metrics 2>&-"
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert "MAP@R" in done.stdout


@pytest.mark.parametrize(
    "command",
    [
        ("check", "efficientnet-lite0"),
        ("doctor",),
        ("search", "{image}", "--gallery", "{folder}", "--method", "efficientnet-lite0"),
    ],
    ids=lambda command: command[0],
)
def test_a_command_that_starts_tensorflow_says_nothing_but_its_own(command, tmp_path, photo_folder):
    places = {"folder": photo_folder, "image": photo_folder / "label0" / "0.png"}
    done = cli(*(word.format(**places) for word in command), cwd=tmp_path, XDG_CACHE_HOME=str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    for word in ("absl", "oneDNN", "cudart", "port.cc", "tensorflow:", "retracing"):
        assert word not in done.stderr, done.stderr
