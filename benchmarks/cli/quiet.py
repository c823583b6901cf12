"""What native libraries say when they start (TensorFlow, absl, OpenVINO) does not reach the terminal; the rest does.

They write to file descriptor 2 past Python, at a level that their environment variables do not govern. So that
descriptor becomes a pipe to a small process, forked before anything heavy is imported, which passes on every line that
is not known noise. It outlives this process for a moment: the last words before a crash are seen as well. Python's own
standard error keeps writing where it did.
"""

import logging
import os
import re
import signal
import sys
from typing import BinaryIO

_NOISE = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog"
    rb"|[IW]\d{4} \d\d:\d\d:\d+\.\d+ +\d+ "  # absl's form, as I0000 00:00:1795879890.223014   10936 port.cc:153]
    rb"|E\d{4} \d\d:\d\d:\d+\.\d+ .*(cuda_|cuInit|Unable to register)"
    rb"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IW] (tensorflow|external)/"
    rb"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: E .*(cuda_|cuInit|Unable to register)"
    rb"|To enable the following instructions:"
    rb"|Skipping registering GPU devices"
    rb"|\[ ?(INFO|WARN|WARNING) ?\]"  # OpenVINO's form
    rb"|_?(TIFF|O?JPEG|LZW|ZIP|Fax[34]|PackBits|Pixar|LogLuv|LZMA|ZSTD|WEBP)\w*: |tempfile\.tif: "  # libtiff's of files
)


def is_noise(line: bytes) -> bool:
    """True for a line that a library writes each time it starts."""
    return _NOISE.match(line) is not None


def hush() -> None:
    """Keep native libraries' start-up lines off the terminal from now on; to be called once, before heavy imports."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # read once, when TensorFlow is first imported
    for name in ("tensorflow", "absl", "matplotlib"):  # the last says where it keeps its fonts' list
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        terminal = os.dup(2)
    except OSError:  # started without standard error: nothing to keep clean
        return
    reading, writing = os.pipe()
    sys.stderr.flush()
    if os.fork() == 0:
        _pass_on(reading, writing, terminal)
    os.close(reading)
    os.dup2(writing, 2)
    os.close(writing)
    sys.stderr = os.fdopen(terminal, "w", buffering=1, encoding=sys.stderr.encoding, errors="backslashreplace")


def _pass_on(reading: int, writing: int, terminal: int) -> None:
    """The filter's process, to the end of the last writer."""
    code = 1
    try:
        for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(ending, signal.SIG_IGN)  # it ends when the pipe does
        os.close(writing)
        for number in (0, 1, 2):
            os.close(number)
        with os.fdopen(reading, "rb", buffering=0) as pipe, os.fdopen(terminal, "wb", buffering=0) as kept:
            filter_lines(pipe, kept)
        code = 0
    finally:
        os._exit(code)


def filter_lines(pipe: BinaryIO, kept: BinaryIO) -> None:
    """Copy all lines but noise, each once it is whole."""
    rest = b""
    while chunk := pipe.read(1 << 16):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if not is_noise(line):
                kept.write(line + b"\n")
    if rest and not is_noise(rest):
        kept.write(rest)
