"""Zip archives that hold models: written the same each time, read within bounds."""

import io
import zipfile
import zlib

from app.domain.errors import UnusableFile
from app.formats.bundle import MAX_BYTES

MAX_ENTRIES = 2000
MAX_RATIO = 100
"""Bytes that one packed byte may become: arrays of weights hardly shrink at all."""

_EPOCH = (1980, 1, 1, 0, 0, 0)


def add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Put an entry in, unpacked and without the time of day: equal models are equal bytes."""
    archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)


def members(content: bytes) -> dict[str, bytes]:
    """Every entry of an archive that came from anybody, by its name; no path is ever opened.

    Raises:
        UnusableFile: It is no zip, or more than it should be.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _members(archive, min(MAX_BYTES, MAX_RATIO * len(content)))
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, NotImplementedError) as error:
        raise UnusableFile(f"not a zip archive that can be read: {error!s:.200}") from error
    except (RuntimeError, OSError, OverflowError) as error:  # encrypted entries, wrong offsets
        raise UnusableFile(f"not a zip archive that can be read: {error!s:.200}") from error


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
