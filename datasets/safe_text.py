"""Text that others wrote (file names, labels, reasons, logs), made safe to store, to print and to write into tables.

File names may hold anything but a slash: escape sequences that a terminal obeys, line ends, marks that turn the
direction of writing, bytes that are no Unicode. A plug-in's error may be of any length.
"""

import re
import unicodedata

REASON = 500
"""Characters of a reason that are kept."""
LINE = 2000
"""Characters of any other line."""

JOINERS = "\u200c\u200d"
"""Invisible, but part of ordinary words and of emoji."""
_LOOKS_ESCAPED = re.compile(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")
_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?%?|[+-]?(inf|nan)")
_MARKDOWN = re.compile(r"[\\`*\[\]|]|<(?=[A-Za-z/!?])|(?<!\w)_|_(?!\w)|~(?=~)|&(?=#?\w+;)")


def visible(text: str) -> str:
    """`text` with every control character, surrogate, line end and direction mark written as \\x1b, \\u202e.

    Ordinary text comes back unchanged; a byte of a file's name that is no UTF-8 is written as \\xff. Two texts that
    differ stay different: a name that really holds the characters \\x1b has its backslash doubled.
    """
    if text.isprintable() and not _LOOKS_ESCAPED.search(text):
        return text
    if not any(map(_is_hidden, text)) and not _LOOKS_ESCAPED.search(text):
        return text
    return "".join(_escaped(character) for character in text)


def printable(text: str) -> str:
    """As `visible`, for text that is shown and never compared: backslashes stay single, so it can be applied twice."""
    if text.isprintable():
        return text
    return "".join(_escaped(character) if _is_hidden(character) else character for character in text)


def one_line(text: str, most: int = LINE) -> str:
    """`text` in one printable line of at most `most` characters, which says where it was cut."""
    head = printable(" ".join(text[: 4 * most].split()))
    if len(head) <= most and len(text) <= 4 * most:
        return head
    said = f" … (cut: {len(text):,} characters)"
    return head[: most - len(said)].rstrip() + said


def csv_field(value: object) -> object:
    """A value of a CSV file: text that a spreadsheet would take for a formula gets an apostrophe before it."""
    if not isinstance(value, str):
        return value
    text = printable(value)
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def markdown(text: str) -> str:
    """Plain text in a markdown table or heading: no markup, no HTML, no end of the cell."""
    return _MARKDOWN.sub(lambda sign: "&lt;" if sign[0] == "<" else f"\\{sign[0]}", printable(" ".join(text.split())))


def code(text: str) -> str:
    """Plain text as `code` in a markdown table: no backtick ends it, and no bar the cell."""
    return "`" + printable(" ".join(text.split())).replace("`", "'").replace("|", "\\|") + "`"


def markdown_note(text: str) -> str:
    """A sentence in markdown whose **bold** words stay bold; no HTML and no link."""
    return re.sub(r"<(?=[A-Za-z/!?])", "&lt;", printable(text)).replace("](", "]\\(")


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") and character not in JOINERS


def _escaped(character: str) -> str:
    if character == "\\":
        return "\\\\"
    if not _is_hidden(character):
        return character
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # how Python keeps a byte of a file's name that is no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 128 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
