"""The README is true."""

import re
from typing import Any

import pytest
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from app.settings import MIB, ClientSettings, Settings
from tests.docs.conftest import Begin
from tests.docs.markdown import ROOT

_ROW = re.compile(r"^\| `MNISTRY_(\w+)` \| (.*?) ?\| (.+) \|$", re.MULTILINE)

_OF_THE_MACHINE = {"threads": "all cores", "max_job_memory_bytes": "three quarters of all"}


def test_what_the_readme_shows_is_so(begin: Begin) -> None:
    assert begin({"localhost:8000": {}}).follow("README.md") >= 6


@pytest.mark.parametrize(("settings", "place"), [(Settings, 0), (ClientSettings, 1)])
def test_the_readme_has_every_setting_with_its_default(
    settings: type[BaseSettings], place: int
) -> None:
    tables = (ROOT / "README.md").read_text().split("| variable | default | meaning |")[1:]

    shown = {name.lower(): default for name, default, _ in _ROW.findall(tables[place])}

    assert shown == {
        name: _OF_THE_MACHINE.get(name) or words(field)
        for name, field in settings.model_fields.items()
    }


def words(field: FieldInfo) -> str:
    """A default as a person writes it."""
    default: Any = field.default
    if default is None or default == "":
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, int) and default >= 1024 * MIB and default % (1024 * MIB) == 0:
        return f"{default // (1024 * MIB)} GiB"
    if isinstance(default, int) and default >= MIB and default % MIB == 0:
        return f"{default // MIB} MiB"
    if isinstance(default, int | float):
        return f"{default:,.0f}" if default >= 10_000 else f"{default:g}"
    return str(default)
