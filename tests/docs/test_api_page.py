from tests.docs.conftest import Begin

KEYS = {"MNISTRY_API_KEYS": "reader:look-and-ask,trainer:do-anything"}


def test_what_the_api_page_shows_is_so(begin: Begin) -> None:
    reader = begin({"localhost:8000": {}, "localhost:8001": KEYS})

    assert reader.follow("docs/api.md") >= 40
