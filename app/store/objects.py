"""Object storage for blobs: S3, Google Cloud Storage or Azure, through obstore.

Every upload has a key of its own, is never overwritten and is named by a row only afterwards, so a
reader finds all of it or nothing, and what no row names can be removed without asking anybody.
Credentials and endpoints come from where the clouds' own tools look, as `AWS_ENDPOINT_URL`.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url

from app.domain import ids
from app.store.blobs import ArtifactsAway, CorruptBlob

SCHEMES = ("s3", "gs", "az")
CONNECT, TIMEOUT = timedelta(seconds=5), timedelta(seconds=120)
RETRIES = 3
"""Requests that fail on the way are sent again so often; whoever asked decides what comes then."""

QUICK = timedelta(seconds=3)
"""How long is waited for a sign of life."""

_OWN_KEY = re.compile(r"[0-9a-f]{2}/[0-9a-f]{64}\.obj_[0-9a-z]{26}")


class NoObjectStorage(Exception):
    """What a URL names is no storage that this program can use."""


class ObjectStorage:
    """The blobs below one prefix of a bucket.

    Args:
        url: `s3://bucket/prefix`, or the same with gs or az.

    Raises:
        NoObjectStorage: It is no such URL.
    """

    def __init__(self, url: str) -> None:
        if url.partition("://")[0] not in SCHEMES:
            known = ", ".join(f"{scheme}://bucket/prefix" for scheme in SCHEMES)
            raise NoObjectStorage(f"artifacts are kept at {known}, got {url!r}")
        try:
            self._store = _open(url, TIMEOUT, RETRIES)
            self._quick = _open(url, QUICK, 0)
        except (BaseError, ValueError) as error:
            raise NoObjectStorage(f"{url}: {_first_line(error)}") from error

    def put(self, owner: str, content: bytes, sha256: str) -> str:
        """Store content under a key that is made for it, below its owner's name; the key."""
        key = f"{owner}/{sha256[:2]}/{sha256}.{ids.new_id('obj')}"
        try:
            obstore.put(self._store, key, content, mode="create", use_multipart=False)
        except (BaseError, FileNotFoundError) as error:  # the latter: there is no such bucket
            raise ArtifactsAway(_first_line(error)) from error
        return key

    def get(self, key: str) -> bytes:
        """The content of a key.

        Raises:
            CorruptBlob: There is no such key.
        """
        try:
            return obstore.get(self._store, key).bytes().to_bytes()
        except FileNotFoundError as error:
            if not self.is_there():
                raise ArtifactsAway(_first_line(error)) from error
            raise CorruptBlob(f"object {key} is missing") from error
        except BaseError as error:
            raise ArtifactsAway(_first_line(error)) from error

    def is_there(self) -> bool:
        """Whether the storage answers."""
        try:
            next(iter(obstore.list(self._quick, chunk_size=1)), None)
        except (BaseError, FileNotFoundError):
            return False
        return True

    def keys(self, owner: str, older_than: float) -> Iterator[list[str]]:
        """What an owner stored more than so many seconds ago, some at a time; nothing else."""
        before = datetime.now(UTC) - timedelta(seconds=older_than)
        try:
            for chunk in obstore.list(self._store, prefix=owner, chunk_size=1000):
                yield [
                    one["path"]
                    for one in chunk
                    if one["last_modified"] < before
                    and _OWN_KEY.fullmatch(one["path"].removeprefix(f"{owner}/"))
                ]
        except (BaseError, FileNotFoundError) as error:
            raise ArtifactsAway(_first_line(error)) from error

    def delete(self, keys: Sequence[str]) -> None:
        """Remove keys; those that are gone already are no error."""
        try:
            for key in keys:
                _delete(self._store, key)
        except BaseError as error:
            raise ArtifactsAway(_first_line(error)) from error


def _open(url: str, timeout: timedelta, retries: int) -> ObjectStore:
    return from_url(
        url,
        # Plain HTTP is spoken where the endpoint's URL says so, and only there.
        client_options={"connect_timeout": CONNECT, "timeout": timeout, "allow_http": True},
        retry_config={"max_retries": retries, "retry_timeout": timeout},
    )


def _delete(store: ObjectStore, key: str) -> None:
    try:
        obstore.delete(store, key)
    except FileNotFoundError:
        return


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
