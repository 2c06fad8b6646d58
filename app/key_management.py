"""The keys of a service as its operator sees them: made, listed, revoked, and needed to start."""

from datetime import UTC, datetime

from app.domain import clock
from app.domain.errors import NotFound
from app.domain.ids import new_id
from app.domain.keys import Role, digest, new_key, parse_expiry
from app.domain.records import ApiKey
from app.domain.text import check_name
from app.settings import Settings
from app.startup import CannotStart
from app.storage import has_tables, opened, prepare
from app.store import keys
from app.store.database import Connection


def make_key(
    settings: Settings, role: Role, name: str | None, expires: str | None
) -> tuple[ApiKey, str]:
    """Make a key, also before a service was ever started; its record, and the key itself.

    Raises:
        CannotStart: The database cannot be used.
        ValueError: The name or the time is none.
    """
    at = datetime.now(UTC)
    secret = new_key()
    key = ApiKey(
        id=new_id("key"),
        created_at=clock.text(at),
        role=role,
        name=None if name is None else check_name(name),
        expires_at=None if expires is None else clock.text(parse_expiry(expires, at)),
        sha256=digest(secret.encode()).hex(),
    )
    if not has_tables(settings):  # those of another version are the service's to bring up to date
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        prepare(settings)
    with opened(settings) as database, database.writing() as connection:
        keys.insert(connection, key)
    return key, secret


def all_keys(settings: Settings) -> list[ApiKey]:
    """The keys that were ever made, oldest first."""
    with opened(settings) as database, database.reading() as connection:
        return keys.all_of_them(connection)


def revoke_key(settings: Settings, key_id: str) -> tuple[ApiKey, bool]:
    """Take a key no more; its record, and whether any is left.

    Raises:
        NotFound: There is no such key.
    """
    with opened(settings) as database, database.writing() as connection:
        key = keys.revoke(connection, key_id, clock.now())
        if key is None:
            raise NotFound("key", key_id)
        return key, bool(settings.api_keys) or _is_any_taken(connection)


def require_key(settings: Settings) -> None:
    """Refuse to be reachable from elsewhere as long as no key is stored.

    Raises:
        CannotStart: There is none.
    """
    if has_tables(settings):
        prepare(settings)
        with opened(settings) as database, database.reading() as connection:
            if _is_any_taken(connection):
                return
    raise CannotStart(
        f"{settings.host} can be reached from other machines: make a key with `keys add`, set "
        "MNISTRY_API_KEYS, or say --open to serve everybody without a key"
    )


def _is_any_taken(connection: Connection) -> bool:
    """Whether there is a stored key that is neither revoked nor expired."""
    now = clock.now()
    return any(key.status(now) == "valid" for key in keys.all_of_them(connection))
