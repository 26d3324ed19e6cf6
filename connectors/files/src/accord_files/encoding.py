"""Finding a text file's encoding, without ever guessing silently wrong.

UTF-8 is proved by decoding the whole file. What is not UTF-8 is taken for Windows-1252 only if
charset-normalizer, asked to choose among the encodings of Western tills, agrees, or chooses one in which
words would hold signs.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from accord.errors import AnswerShapeError

CHUNK = 1 << 20
SAMPLE = 256 * 1024
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
WESTERN = ["cp1252", "cp850", "mac_roman"]
MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}")
"""What UTF-8 text has and Windows-1252 text practically never."""

FOREIGN = re.compile(r"(?<=[A-Za-z])(?:[‚„]|[ƒ†‡ˆ‰‹•˜™›¡¢£¤¥“”](?=[a-z]))")
"""Punctuation that Windows-1252 shows inside words where an old DOS or Macintosh encoding has letters."""


INSIDE = re.compile(r"(?<=[A-Za-z])[^\x00-\x7f´¨·](?=[a-z])")
"""What stands inside words beyond ASCII; marks that people type for an apostrophe are left out."""


@dataclass(frozen=True, slots=True)
class Content:
    """What one pass over a file's bytes tells.

    Attributes:
        digest: SHA-256 of the bytes.
        encoding: The codec to read and write it with.
        size: Bytes.
        terminated: Whether the last line ends with a line break (or there is none).
    """

    digest: str
    encoding: str
    size: int
    terminated: bool = True


def inspect(file: BinaryIO, name: str, connection: str, declared: str | None) -> Content:
    """Read a text file once from its start, in bounded memory.

    Raises:
        AnswerShapeError: it is not text in the declared encoding, or no encoding can be told.
    """
    digest, size, last = hashlib.sha256(), 0, b"\n"
    encoding = _stated(file, declared)
    decoder = codecs.getincrementaldecoder(encoding or "utf-8")()
    failed_at: int | None = None
    for chunk in _chunks(file):
        digest.update(chunk)
        if failed_at is None:
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                failed_at = size
        size += len(chunk)
        last = chunk[-2:]
    if failed_at is None:
        failed_at = _unfinished(decoder, size)
    if failed_at is not None:
        if encoding is not None:
            raise _wrong(file, name, connection, encoding)
        encoding = _western(file, name, connection, failed_at)
    terminated = last.rstrip(b"\0").endswith((b"\n", b"\r"))
    return Content(digest.hexdigest(), encoding or "utf-8", size, terminated)


def _stated(file: BinaryIO, declared: str | None) -> str | None:
    """The encoding by declaration or byte order mark; None leaves it to the content."""
    file.seek(0)
    head = file.read(4)
    marked = next((codec for mark, codec in MARKS if head.startswith(mark)), None)
    if declared is None or (marked == "utf-8-sig" and codecs.lookup(declared).name == "utf-8"):
        return marked
    return declared


def _foreign(sample: bytes) -> bool:
    """Whether the text would hold, as Windows-1252, signs where only another encoding has letters."""
    return FOREIGN.search(sample.decode("cp1252", errors="replace")) is not None


def _impossible(sample: bytes, encoding: str) -> bool:
    """Whether the text would hold, in another encoding, signs that are no letters in words (``Z³rich``)."""
    return not all(map(str.isalpha, INSIDE.findall(sample.decode(encoding, errors="replace"))))


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(CHUNK):
        yield chunk


def _unfinished(decoder: codecs.IncrementalDecoder, size: int) -> int | None:
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return max(0, size - 4)
    return None


def _western(file: BinaryIO, name: str, connection: str, offset: int) -> str:
    """Windows-1252, if that is what the part that is not UTF-8 looks like."""
    import charset_normalizer

    if any(MULTIBYTE.search(chunk) for chunk in _chunks(file)):
        raise _wrong(file, name, connection, "utf-8")
    sample = _marked_lines(file, offset)
    best = charset_normalizer.from_bytes(sample, cp_isolation=WESTERN).best()
    if best is not None and best.encoding == "cp1252" and _foreign(sample):
        best = charset_normalizer.from_bytes(sample, cp_isolation=WESTERN[1:]).best()
    took_it = best is not None and best.encoding == "cp1252"
    if took_it or (best is not None and not _foreign(sample) and _impossible(sample, best.encoding)):
        try:
            decoder = codecs.getincrementaldecoder("cp1252")()
            for chunk in _chunks(file):
                decoder.decode(chunk)
        except UnicodeDecodeError:
            best = None
        else:
            return "cp1252"
    likely = f"it may be {best.encoding}" if best is not None else "it may be cp850 (DOS) or mac_roman"
    raise AnswerShapeError(
        f"Connection {connection!r}: {name!r} is neither UTF-8 nor Windows-1252; {likely}",
        hint='Say `encoding = "..."` for the stream, or export the file as UTF-8.',
        facts={"connection": connection, "file": name},
    )


def _marked_lines(file: BinaryIO, offset: int) -> bytes:
    """Lines with bytes beyond ASCII: what tells encodings apart, and little else."""
    file.seek(offset)
    lines = (line for line in file.read(CHUNK).splitlines(keepends=True) if not line.isascii())
    return b"".join(lines)[:SAMPLE]


def _wrong(file: BinaryIO, name: str, connection: str, encoding: str) -> AnswerShapeError:
    """The error for a declared encoding that does not hold, with the line where it fails."""
    decoder, line = codecs.getincrementaldecoder(encoding)(), 1
    for chunk in _chunks(file):
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError as error:
            line += error.object[: error.start].count(b"\n")
            break
        line += chunk.count(b"\n")
    return AnswerShapeError(
        f"Connection {connection!r}: {name!r} is not {encoding} text: line {line} cannot be decoded",
        hint="Correct the stream's `encoding`, leave it out to have it detected, or export the file anew.",
        facts={"connection": connection, "file": name, "line": line},
    )
