"""The keyring: what lets in, and when nothing does."""

from datetime import UTC, datetime, timedelta

from app.domain import clock, ids
from app.domain.keys import digest
from app.domain.records import ApiKey
from app.services.keys import Keyring
from app.store import keys
from app.store.database import Database

KEY = "mnistry_ÿ".encode("latin-1")


def a_key(secret: bytes = KEY, expires_in: float | None = None) -> ApiKey:
    at = datetime.now(UTC)
    return ApiKey(
        id=ids.new_id("key"),
        created_at=clock.text(at),
        role="reader",
        name=None,
        expires_at=None if expires_in is None else clock.text(at + timedelta(seconds=expires_in)),
        sha256=digest(secret).hex(),
    )


def store(database: Database, key: ApiKey) -> str:
    with database.writing() as connection:
        keys.insert(connection, key)
    return key.id


def revoke(database: Database, key_id: str) -> None:
    with database.writing() as connection:
        keys.revoke(connection, key_id, clock.now())


def test_until_the_database_was_looked_at_nobody_is_let_in() -> None:
    assert Keyring([], loopback=True, open_=True).asks


def test_a_stored_key_counts_beside_the_configured_ones(database: Database) -> None:
    keyring = Keyring([("trainer", "à")], loopback=True, open_=False)
    key_id = store(database, a_key())

    keyring.refresh(database)

    assert keyring.asks
    assert keyring.role_of(KEY) == "reader"
    assert keyring.role_of("à".encode()) == "trainer"
    for wrong in (
        b"",
        KEY[:-1],
        KEY + b" ",
        digest(KEY),
        digest(KEY).hex().encode(),
        b"\0" * 10_000,
    ):
        assert keyring.role_of(wrong) is None
    revoke(database, key_id)
    keyring.refresh(database)
    assert keyring.role_of(KEY) is None
    assert keyring.role_of("à".encode()) == "trainer"


def test_an_expired_key_lets_nobody_in_and_is_still_asked_for(database: Database) -> None:
    store(database, a_key(expires_in=-1))
    store(database, a_key(b"later", expires_in=3600))
    for open_ in (False, True):
        keyring = Keyring([], loopback=True, open_=open_)

        keyring.refresh(database)

        assert keyring.asks
        assert keyring.role_of(KEY) is None
        assert keyring.role_of(b"later") == "reader"


def test_without_keys_this_machine_is_served_and_others_where_that_was_said(
    database: Database,
) -> None:
    asks = {}
    for loopback in (True, False):
        for open_ in (True, False):
            keyring = Keyring([], loopback=loopback, open_=open_)
            keyring.refresh(database)
            asks[loopback, open_] = keyring.asks

    assert [where for where, asked in asks.items() if asked] == [(False, False)]


def test_when_the_last_key_is_revoked_nothing_opens_but_what_was_said_to_be_open(
    database: Database,
) -> None:
    revoke(database, store(database, a_key()))
    for loopback in (True, False):
        for open_ in (True, False):
            keyring = Keyring([], loopback=loopback, open_=open_)

            keyring.refresh(database)

            assert keyring.asks is not open_


def test_a_key_is_revoked_once(database: Database) -> None:
    key_id = store(database, a_key())
    with database.writing() as connection:
        first = keys.revoke(connection, key_id, "2026-01-01T00:00:00.000000Z")
        again = keys.revoke(connection, key_id, "2027-01-01T00:00:00.000000Z")
        none = keys.revoke(connection, "key_none", clock.now())

    assert first is not None
    assert again == first
    assert none is None
