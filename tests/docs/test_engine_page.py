from tests.docs.markdown import ROOT, Reader


def test_what_the_engine_page_shows_is_so() -> None:
    assert Reader(ROOT).follow("docs/engine.md") >= 15
