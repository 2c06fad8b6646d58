"""Zip archives: written the same each time, read within bounds and without opening a path.

What an archive says of its sizes is not believed, but it is read first: what admits to be too large
is refused before a byte is unpacked.
"""

import io
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import IO, BinaryIO, Self

from app.domain.errors import UnusableFile
from app.formats.bundle import MAX_BYTES

_EPOCH = (1980, 1, 1, 0, 0, 0)
_END, _END_SIZE, _MAX_COMMENT = b"PK\x05\x06", 22, 2**16
_LOCAL_SIZE, _LONGEST_NAME = 30, 255
_LOCATOR, _LOCATOR_SIZE = b"PK\x06\x07", 20
_END_64, _END_64_SIZE = b"PK\x06\x06", 56


@dataclass(frozen=True)
class Bounds:
    """The largest archive that is read.

    Attributes:
        entries: How many.
        directory: Bytes of the list of entries, all of which is read before there is anything to
            count.
        unpacked: Bytes of all entries together.
        ratio: Bytes that one packed byte may become.
        harmless: So many unpacked bytes are taken whatever the ratio.
    """

    entries: int
    directory: int
    unpacked: int
    ratio: int
    harmless: int = 0


MODELS = Bounds(entries=2000, directory=2**20, unpacked=MAX_BYTES, ratio=100)
"""Arrays of weights hardly shrink at all."""


def add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Put an entry in, unpacked and without the time of day: equal models are equal bytes."""
    archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)


def members(content: bytes) -> dict[str, bytes]:
    """Every entry of a model's archive that came from anybody, by its name.

    Raises:
        UnusableFile: It is no zip, or more than it should be.
    """
    with Archive(io.BytesIO(content), MODELS) as archive:
        return {name: archive.read(name) for name in archive.names}


def names(content: bytes) -> list[str]:
    """The names of the entries; none where it is no archive that `members` would read."""
    try:
        with Archive(io.BytesIO(content), MODELS) as archive:
            return archive.names
    except UnusableFile:
        return []


class Archive:
    """An archive that came from anybody.

    Raises:
        UnusableFile: It is no zip, or has more entries than it should; so do all methods where an
            entry is damaged, encrypted or larger than is left to unpack.
    """

    def __init__(self, file: BinaryIO, bounds: Bounds) -> None:
        size = file.seek(0, io.SEEK_END)
        claimed = _check_directory(file, size, bounds)
        with _readable():
            self._zip = zipfile.ZipFile(file)
        if len(self._zip.infolist()) != claimed:
            raise UnusableFile(f"the archive's list does not have the {claimed} entries it claims")
        _check_places(self._zip)
        self._entries: dict[str, zipfile.ZipInfo] = {}
        for entry in self._zip.infolist():
            _check_entry(entry)
            if entry.filename in self._entries:
                raise UnusableFile(f"the archive has {entry.filename!r:.100} twice")
            self._entries[entry.filename] = entry
        self._most = min(bounds.unpacked, max(bounds.harmless, bounds.ratio * size))
        self._left = self._most

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._zip.close()

    @property
    def names(self) -> list[str]:
        """The entries, in their order."""
        return list(self._entries)

    def open(self, name: str) -> "Entry":
        """An entry, to be read piece by piece."""
        with _readable():
            return Entry(self, self._zip.open(self._entries[name]), self._entries[name].file_size)

    def read(self, name: str) -> bytes:
        """All of an entry."""
        # No further than it claims: what is packed behind that would be unpacked for nothing.
        claimed = self._entries[name].file_size
        return self.open(name).read(min(claimed, self._left) + 1)

    @property
    def left(self) -> int:
        """How many bytes may still be unpacked."""
        return self._left

    def count(self, unpacked: int) -> None:
        """Take what was unpacked off what may be."""
        self._left -= unpacked
        if self._left < 0:
            raise UnusableFile(f"the archive unpacks to more than {self._most:,} bytes")


class Entry:
    """One entry of an archive as a stream."""

    def __init__(self, archive: Archive, stream: IO[bytes], claimed: int) -> None:
        self._archive = archive
        self._stream = stream
        self._to_come = claimed

    def read(self, size: int = -1, /) -> bytes:
        """So many bytes, or as many as there are; at its end its checksum has been compared."""
        most = self._archive.left + 1
        size = most if size < 0 else min(size, most)
        with _readable():
            content = self._stream.read(size)
        self._archive.count(len(content))
        self._to_come -= len(content)
        if len(content) < size and self._to_come:
            raise UnusableFile("an entry of the archive does not have the size that is claimed")
        return content


@contextmanager
def _readable() -> Iterator[None]:
    """Whatever damaged bytes make the standard library raise, as one error."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, NotImplementedError) as error:
        raise UnusableFile(f"not a zip archive that can be read: {error!s:.200}") from error
    except (RuntimeError, OSError, OverflowError) as error:  # encrypted entries, wrong offsets
        raise UnusableFile(f"not a zip archive that can be read: {error!s:.200}") from error


def _check_directory(file: BinaryIO, size: int, bounds: Bounds) -> int:
    """How many entries an archive claims; refuses a long list of them before it is read.

    See APPNOTE.TXT 6.3.10, §4.3.14 to §4.3.16.
    """
    begin = max(0, size - _END_SIZE - _MAX_COMMENT - _LOCATOR_SIZE - _END_64_SIZE)
    file.seek(begin)
    tail = file.read()
    end = tail.rfind(_END)
    if end < 0 or len(tail) < end + _END_SIZE:
        raise UnusableFile("not a zip archive")
    if len(tail) != end + _END_SIZE + int.from_bytes(tail[end + 20 : end + 22], "little"):
        raise UnusableFile("not a zip archive: something follows its end")
    entries = int.from_bytes(tail[end + 10 : end + 12], "little")
    directory = int.from_bytes(tail[end + 12 : end + 16], "little")
    locator = max(0, end - _LOCATOR_SIZE)
    if tail[locator:end].startswith(_LOCATOR):
        # Where zipfile looks for it: right before. What is elsewhere would not be what is read.
        record = tail[max(0, locator - _END_64_SIZE) : locator]
        if not record.startswith(_END_64):
            raise UnusableFile("not a zip archive: the end of its list of entries is not in place")
        entries = int.from_bytes(record[32:40], "little")
        directory = int.from_bytes(record[40:48], "little")
    if directory > bounds.directory:
        raise UnusableFile(
            f"the archive's list of entries is longer than {bounds.directory:,} bytes"
        )
    if entries > bounds.entries:
        raise UnusableFile(f"the archive has {entries} entries, at most {bounds.entries} are read")
    return entries


def _check_places(archive: zipfile.ZipFile) -> None:
    """Refuse entries that share bytes, with which a small archive becomes an endless one."""
    entries = sorted(archive.infolist(), key=lambda entry: entry.header_offset)
    if not entries:
        return
    if entries[0].header_offset != 0:
        raise UnusableFile("not a zip archive: something is before its first entry")
    begins = [entry.header_offset for entry in entries[1:]]
    for entry, following in zip(entries, [*begins, archive.start_dir], strict=True):
        if entry.header_offset + _LOCAL_SIZE + entry.compress_size > following:
            raise UnusableFile(f"entry {entry.filename!r:.100} overlaps what follows it")


def _check_entry(entry: zipfile.ZipInfo) -> None:
    """Refuse what no dataset and no model needs: other ways to pack, links, paths that lead out."""
    name = entry.orig_filename
    parts = name.replace("\\", "/").split("/")
    if ".." in parts or not parts[0] or ":" in parts[0] or "\0" in name:
        raise UnusableFile(f"entry {name!r:.100} has a path that leads out of the archive")
    if len(name) > _LONGEST_NAME:
        raise UnusableFile(f"entry {name!r:.100} has a name of {len(name)} characters")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise UnusableFile(f"entry {name!r:.100} is a link")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise UnusableFile(f"entry {name!r:.100} is neither stored nor deflated")
