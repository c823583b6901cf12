"""Names as parts of paths: two names that differ never share a file."""

import hashlib
import re
import unicodedata
from pathlib import PurePath

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,79}")
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
"""Names that no file can have on Windows, with any suffix: a results folder may be copied there."""
_DIGEST_DIGITS = 10
_DIGESTED = re.compile(rf"-[0-9a-f]{{{_DIGEST_DIGITS}}}$")
_STEM = 40


def file_stem(name: str) -> str:
    """`name` as part of a file's name: itself where it is plain, else a readable stem and a digest of all of it.

    Plain is ASCII: letters, digits and ._+-, 80 at most, the first a letter or digit ("phash", "s3-1508"). Anything
    else ("mean colour", "mean/colour", a name in NFC and its twin in NFD, 300 characters, "con") gets the digest, and
    so does a name that looks as if it had one.
    """
    if _PLAIN.fullmatch(name) and not name.endswith(".") and not _DIGESTED.search(name) and not _DEVICE.match(name):
        return name
    # surrogatepass: a file's name on disk need not be Unicode, and must not stop a table from being written
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_DIGITS]
    readable = PurePath(name).name if name.startswith("folder:") else name  # the end of a path says most
    ascii_only = unicodedata.normalize("NFKD", readable).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^A-Za-z0-9+-]+", "_", ascii_only).strip("_-")[:_STEM]
    return f"{stem or 'name'}-{digest}"
