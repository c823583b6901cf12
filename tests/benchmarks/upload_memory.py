"""`python upload_memory.py FOLDER`: three uploads at once to a service; prints how each ended, and the peak in MiB."""

import io
import struct
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image
from web_support import small_service

from datasets.errors import ImageError
from methods.memory import peak_bytes


def jpeg(side: int) -> bytes:
    """A JPEG of `side` pixels squared, all alike."""
    buffer = io.BytesIO()
    Image.new("RGB", (side, side), (90, 120, 40)).save(buffer, "JPEG", progressive=True)
    return buffer.getvalue()


def png(side: int, bits: int, colour: int, channels: int) -> bytes:
    """A PNG of `side` pixels squared whose pixels are all alike, made row by row."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    packer = zlib.compressobj(9)
    row = b"\0" + b"\x07" * (side * channels * bits // 8)
    pixels = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, bits, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


UPLOADS = {
    "jpeg": lambda side: jpeg(side),
    "rgb": lambda side: png(side, 8, 2, 3),
    "rgba": lambda side: png(side, 8, 6, 4),
    "deep": lambda side: png(side, 16, 6, 4),
    "deep-grey": lambda side: png(side, 16, 0, 1),
}


def main(folder: str, kind: str, side: int) -> None:
    """Send the picture that lies in `folder` three times, side by side."""
    service = small_service(Path(folder))
    data = Path(folder, f"{kind}-{side}").read_bytes()

    def send(number: int) -> str:
        try:
            return "kept" if service.uploads.keep(data, f"{number}") else ""
        except ImageError as error:
            return str(error)

    with ThreadPoolExecutor(3) as pool:
        print(*pool.map(send, range(3)), sep="\n")
    print((peak_bytes() or 0) >> 20)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
