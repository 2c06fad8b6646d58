"""Blobs in object storage, against a real S3 server."""

from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from app.store import blobs
from app.store.blobs import ArtifactsAway, Blobs, CorruptBlob, Stored
from app.store.database import Database
from app.store.objects import NoObjectStorage, ObjectStorage
from app.store.tables import models, objects
from tests.object_storage import S3


@dataclass
class Bucket:
    name: str
    storage: ObjectStorage
    client: Any

    def keys(self) -> list[str]:
        listed = self.client.list_objects_v2(Bucket=self.name)
        return [one["Key"] for one in listed.get("Contents", [])]


@pytest.fixture
def bucket(s3: S3, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    name = s3.new_bucket()
    return Bucket(name, ObjectStorage(f"s3://{name}/some/prefix"), s3.client())


@pytest.fixture
def stored(bucket: Bucket) -> Blobs:
    return Blobs(bucket.storage, "service1")


def test_a_blob_is_an_object_with_a_row(database: Database, bucket: Bucket, stored: Blobs) -> None:
    blob = stored.upload(b"weights")
    with database.writing() as connection:
        blobs.put(connection, blob)

        assert stored.get(connection, blob.sha256) == b"weights"
        assert connection.execute(sa.select(objects.c.key)).scalar_one() == blob.key
    assert bucket.keys() == [f"some/prefix/{blob.key}"]


def test_every_upload_has_a_key_of_its_own_and_the_first_that_is_put_counts(
    database: Database, bucket: Bucket, stored: Blobs
) -> None:
    first, second = stored.upload(b"weights"), stored.upload(b"weights")
    with database.writing() as connection:
        blobs.put(connection, first)
        blobs.put(connection, second)

        assert connection.execute(sa.select(objects.c.key)).scalars().all() == [first.key]
    assert first.key != second.key
    assert len(bucket.keys()) == 2


def test_an_object_that_was_changed_is_never_handed_out(
    database: Database, bucket: Bucket, stored: Blobs
) -> None:
    blob = stored.upload(b"weights")
    with database.writing() as connection:
        blobs.put(connection, blob)
    bucket.client.put_object(Bucket=bucket.name, Key=bucket.keys()[0], Body=b"weighty")

    with database.reading() as connection, pytest.raises(CorruptBlob, match=blob.sha256):
        stored.get(connection, blob.sha256)


def test_an_object_that_is_gone_is_a_corrupt_blob(
    database: Database, bucket: Bucket, stored: Blobs
) -> None:
    blob = stored.upload(b"weights")
    with database.writing() as connection:
        blobs.put(connection, blob)
    bucket.client.delete_object(Bucket=bucket.name, Key=bucket.keys()[0])

    with database.reading() as connection, pytest.raises(CorruptBlob):
        stored.get(connection, blob.sha256)


def test_what_was_stored_in_the_database_is_still_found(database: Database, stored: Blobs) -> None:
    earlier = Blobs().upload(b"weights")
    with database.writing() as connection:
        blobs.put(connection, earlier)
        blobs.put(connection, stored.upload(b"weights"))

        assert stored.get(connection, earlier.sha256) == b"weights"
        assert connection.execute(sa.select(objects.c.key)).first() is None


def test_unused_objects_are_removed_with_their_rows(
    database: Database, bucket: Bucket, stored: Blobs
) -> None:
    blob, kept = stored.upload(b"weights"), stored.upload(b"others")
    with database.writing() as connection:
        blobs.put(connection, blob)
        blobs.put(connection, kept)
        blobs.delete_unused(connection, blob.sha256)

    with database.reading() as connection, pytest.raises(CorruptBlob):
        stored.get(connection, blob.sha256)
    assert stored.remove_unused(database) == 1

    assert bucket.keys() == [f"some/prefix/{kept.key}"]
    with database.reading() as connection:
        assert connection.execute(sa.select(objects.c.key)).scalars().all() == [kept.key]


def test_content_that_comes_again_while_its_object_is_being_removed_is_kept(
    database: Database, stored: Blobs
) -> None:
    with database.writing() as connection:
        first = stored.upload(b"weights")
        blobs.put(connection, first)
        blobs.delete_unused(connection, first.sha256)
    with database.writing() as connection:
        blobs.put(connection, stored.upload(b"weights"))

    stored.remove_unused(database)

    with database.reading() as connection:
        assert stored.get(connection, first.sha256) == b"weights"


def test_the_sweep_removes_what_no_row_names_when_it_is_old_enough(
    database: Database, bucket: Bucket, stored: Blobs
) -> None:
    named, lost = stored.upload(b"weights"), stored.upload(b"lost")
    with database.writing() as connection:
        blobs.put(connection, named)
    assert lost.key is not None

    bucket.client.put_object(Bucket=bucket.name, Key="some/prefix/payroll.csv", Body=b"x")
    bucket.client.put_object(Bucket=bucket.name, Key="some/prefix/service1/notes", Body=b"x")
    another = Blobs(bucket.storage, "service2").upload(b"of another service")
    foreign = {"some/prefix/payroll.csv", "some/prefix/service1/notes"}

    assert stored.sweep(database) == 0  # young: its transaction may still come
    assert stored.sweep(database, older_than=-60.0) == 1

    kept = {f"some/prefix/{blob.key}" for blob in (named, another)}
    assert set(bucket.keys()) == kept | foreign


def test_a_bucket_that_is_not_there_is_away(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    away = Blobs(ObjectStorage("s3://nowhere"), "service1")

    assert away.storage is not None
    assert not away.storage.is_there()
    with pytest.raises(ArtifactsAway):
        away.upload(b"weights")
    with pytest.raises(ArtifactsAway):
        away.fetch(Stored("0" * 64, None, "service1/00/key"))


def test_a_storage_that_does_not_answer_is_away(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    away = Blobs(ObjectStorage("s3://bucket"), "service1")

    assert away.storage is not None
    assert not away.storage.is_there()
    with pytest.raises(ArtifactsAway):
        away.upload(b"weights")


@pytest.mark.parametrize("url", ["file:///tmp/x", "memory://", "bucket/prefix", "http://x/y"])
def test_a_url_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(NoObjectStorage, match="s3://"):
        ObjectStorage(url)


def test_what_names_a_blob_keeps_its_object(database: Database, stored: Blobs) -> None:
    blob = stored.upload(b"weights")
    row: dict[str, Any] = dict.fromkeys((c.name for c in models.c if not c.nullable), "x")
    row.update(definition={}, classes=[], preprocessing={}, metrics={}, parameters=0, size_bytes=0)
    with database.writing() as connection:
        blobs.put(connection, blob)
        connection.execute(models.insert().values(**{**row, "sha256": blob.sha256}))
        blobs.delete_unused(connection, blob.sha256)

    assert stored.remove_unused(database) == 0
