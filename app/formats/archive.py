"""Zip archives that hold models: written the same each time, read within bounds."""

import io
import zipfile
import zlib

from app.domain.errors import UnusableFile
from app.formats.bundle import MAX_BYTES

MAX_ENTRIES = 2000
MAX_RATIO = 100
"""Bytes that one packed byte may become: arrays of weights hardly shrink at all."""

MAX_DIRECTORY = 2**20
"""Bytes of the list of entries, all of which is read before there is anything to count."""

_EPOCH = (1980, 1, 1, 0, 0, 0)
_END, _END_SIZE, _MAX_COMMENT = b"PK\x05\x06", 22, 2**16
_END_64, _END_64_SIZE = b"PK\x06\x07", 20


def add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Put an entry in, unpacked and without the time of day: equal models are equal bytes."""
    archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)


def members(content: bytes) -> dict[str, bytes]:
    """Every entry of an archive that came from anybody, by its name; no path is ever opened.

    Raises:
        UnusableFile: It is no zip, or more than it should be.
    """
    _check_directory(content)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _members(archive, min(MAX_BYTES, MAX_RATIO * len(content)))
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, NotImplementedError) as error:
        raise UnusableFile(f"not a zip archive that can be read: {error!s:.200}") from error
    except (RuntimeError, OSError, OverflowError) as error:  # encrypted entries, wrong offsets
        raise UnusableFile(f"not a zip archive that can be read: {error!s:.200}") from error


def names(content: bytes) -> list[str]:
    """The names of the entries; none where it is no archive that `members` would read."""
    try:
        _check_directory(content)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.namelist()
    except (UnusableFile, zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return []


def _check_directory(content: bytes) -> None:
    """Refuse a long list of entries before it is read (APPNOTE.TXT 6.3.10, §4.3.16)."""
    end = content.rfind(_END, -_END_SIZE - _MAX_COMMENT)
    if end < 0 or len(content) < end + _END_SIZE:
        raise UnusableFile("not a zip archive")
    size = int.from_bytes(content[end + 12 : end + 16], "little")
    if size > MAX_DIRECTORY or content[end - _END_64_SIZE : end].startswith(_END_64):
        raise UnusableFile(f"the archive's list of entries is longer than {MAX_DIRECTORY:,} bytes")


def _members(archive: zipfile.ZipFile, most: int) -> dict[str, bytes]:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise UnusableFile(
            f"the archive has {len(entries)} entries, at most {MAX_ENTRIES} are read"
        )
    contents: dict[str, bytes] = {}
    left = most
    for entry in entries:
        if entry.filename in contents:
            raise UnusableFile(f"the archive has {entry.filename!r:.100} twice")
        with archive.open(entry) as stream:
            # What an entry says of its size is not believed.
            contents[entry.filename] = unpacked = stream.read(left + 1)
        left -= len(unpacked)
        if left < 0:
            raise UnusableFile(f"the archive unpacks to more than {most:,} bytes")
    return contents
