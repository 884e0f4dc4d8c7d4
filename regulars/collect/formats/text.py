"""The encoding of a text, and how to read it from any place on. Nothing here is a plug-in."""

import codecs
import io
from pathlib import Path

from charset_normalizer import from_bytes

from regulars.collect.errors import FileRefused

SAMPLE_BYTES = 64 * 1024
# Codecs are told apart by what the text then looks like, which takes longer than reading it.
WEIGHED_BYTES = 16 * 1024
MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
# What is no Unicode comes from an old Windows program, most likely a western one.
OLD_ENCODING = "cp1252"
OLD_ENCODINGS = (OLD_ENCODING, "cp1250", "cp1251", "cp932", "gb18030", "big5", "euc_kr")
# One byte a sign: where a broken byte was replaced, the place in the file is still known.
ONE_BYTE = ("cp1252", "cp1250", "cp1251", "latin-1", "ascii")
# A line of these, written again, is as long as it was in the file; other codecs have marks and states of their own.
UNICODE = tuple(name for _, name in MARKS)
# Two encodings that make equally good sense of a text differ by less than this.
EQUAL_CHAOS = 0.05
UTF16_NULS = 0.3


def sample(path: Path) -> bytes:
    """How the file begins. Raises FileRefused where it cannot be read."""
    try:
        with path.open("rb") as raw:
            return raw.read(SAMPLE_BYTES)
    except OSError as fault:
        raise FileRefused(f"{path} cannot be read: {fault.strerror}", "Check the path and its rights") from None


def encoding(beginning: bytes) -> str:
    """The encoding of a file that begins like this."""
    for mark, name in MARKS:
        if beginning.startswith(mark):
            return name
    odd, even = beginning[1::2], beginning[::2]
    for high, low, name in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        if high.count(0) > UTF16_NULS * len(high) and low.count(0) < high.count(0) / 10:
            return name
    try:
        # The sample may end inside a character.
        codecs.getincrementaldecoder("utf-8")().decode(beginning)
    except UnicodeDecodeError:
        return _old(beginning[:WEIGHED_BYTES])
    return "utf-8"


def _old(beginning: bytes) -> str:
    """cp1252 unless another one makes clearly more sense of it."""
    found = from_bytes(beginning, cp_isolation=list(OLD_ENCODINGS))
    best = found.best()
    if best is None:
        return OLD_ENCODING
    as_good = {name for each in found if each.chaos <= best.chaos + EQUAL_CHAOS for name in each.could_be_from_charset}
    return OLD_ENCODING if OLD_ENCODING in as_good else best.encoding


def known(name: str, beginning: bytes) -> str:
    """The encoding that a person named, as we read it. Raises FileRefused for one that is none."""
    if not name:
        return encoding(beginning)
    try:
        found = codecs.lookup(name).name
        "".encode(found)
    except LookupError:
        raise FileRefused(f"There is no encoding '{name}'", "Choose utf-8, utf-16, cp1252 or another codec") from None
    if found == "utf-16":
        return encoding(beginning) if beginning.startswith((MARKS[1][0], MARKS[2][0])) else "utf-16-le"
    return {"utf-8-sig": "utf-8", "iso8859-1": "latin-1"}.get(found, found)


class Text(io.TextIOWrapper):
    """A text from a byte on, with line ends as they are.

    Not codecs.getreader: it ends a line at every sign that Unicode calls a separator, also within a cell.
    """

    def __init__(self, path: Path, codec: str, mark: int = 0) -> None:
        self.file = path.open("rb")
        beginning = self.file.read(len(codecs.BOM_UTF8))
        signs = [len(sign) for sign, name in MARKS if name == codec and beginning.startswith(sign)]
        self.begins = mark or sum(signs)
        """Its first byte: behind the mark of its byte order."""
        self.file.seek(self.begins)
        # What is broken further on in UTF-8 becomes half a surrogate pair, and the door refuses that row alone.
        super().__init__(self.file, codec, "surrogateescape" if codec in UNICODE else "replace", newline="")
        self.is_exact = codec in (*UNICODE, *ONE_BYTE)
        self._by_one = codec in ONE_BYTE

    def width(self, line: str) -> int:
        """Bytes of a line as it stands in the file."""
        if self._by_one or (self.encoding == "utf-8" and line.isascii()):
            return len(line)
        return len(line.encode(self.encoding, "surrogateescape")) if self.is_exact else 0
