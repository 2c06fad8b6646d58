"""Links between the documents lead somewhere."""

import re
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def prose(document: Path) -> str:
    return _FENCED.sub("", document.read_text())


def anchors(document: Path) -> set[str]:
    """What GitHub makes of a document's headings."""
    words = (
        re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(prose(document))
    )
    return {one.replace(" ", "-") for one in words}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    for link in _LINK.findall(prose(document)):
        if re.match(r"https?:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path) if path else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_document_can_be_found() -> None:
    index = (ROOT / "docs/README.md").read_text()

    for document in ROOT.glob("docs/*.md"):
        assert f"({document.name})" in index or document.name == "README.md"
