"""What pages of other sites can send: under a name that was rebound to this address, or across."""

from tests.hostile.json_bodies import Document
from tests.hostile.wire import Named, Request

FOREIGN_HOSTS = (
    *("evil.test", "evil.test:{port}", "localhost.evil.test", "127.0.0.1.evil.test", "localhost."),
    *("0", "0.0.0.0:8000", "127.1", "127.0.0.2", "2130706433", "0x7f000001", "[::]", "::1", "[::1"),
    *(
        "a/?x=",
        "evil@localhost",
        "localhost@evil.test",
        "localhost#evil.test",
        "localhost,evil.test",
    ),
    *(
        "localhost:80:80",
        "localhost:x",
        "xn--lcalhost-63a",
        "ｌocalhost",
        "",
        " ",
        "localhost\tevil",
    ),
)

ROUTES = (
    *("/", "/docs", "/openapi.json", "/metrics", "/healthz", "/readyz", "/static/main.js"),
    *(
        "/v1/jobs",
        "/v1/models/latest",
        "/v1/limits",
        "/v2/health/live",
        "/v2/models/latest",
        "/ping",
    ),
    *("/v1/jobs/none/events", "/nowhere"),
)

_MISDIRECTED = frozenset({400, 421})
_FORBIDDEN = frozenset({403})

_PAGES = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
    {"Sec-Fetch-Site": "none, cross-site"},
    {"Sec-Fetch-Site": "Same-Origin"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://localhost:1"},
    {"Origin": "http://evil.test"},
    {"Origin": "http://localhost.evil.test"},
    {"Origin": "http://evil.test#localhost"},
    {"Origin": "file://"},
    {"Origin": "http://evil.test", "Sec-Fetch-Mode": "no-cors", "Referer": "http://localhost/"},
)
"""What a browser says of a page that is not ours."""

_SIMPLE = (
    ("text/plain", b'{"preset":"linear"}'),
    ("application/x-www-form-urlencoded", b"preset=linear"),
    (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n--x--\r\n',
    ),
    ("application/json", b'{"preset":"linear"}'),
    ("", b'{"preset":"linear"}'),
)
"""What a page may send without being asked first, and what it may not."""

CHANGES = (
    *(
        ("POST", "/v1/networks"),
        ("POST", "/v1/jobs"),
        ("POST", "/v1/models"),
        ("POST", "/v1/datasets"),
    ),
    *(("POST", "/v1/datasets/hostile/samples"), ("POST", "/v1/jobs/none/cancel")),
    *(
        ("POST", "/v1/predict"),
        ("POST", "/invocations"),
        ("POST", "/v2/repository/models/x/unload"),
    ),
    *(("PUT", "/v1/aliases/hostile"), ("DELETE", "/v1/models/latest"), ("PATCH", "/v1/jobs/none")),
)


def rebound(document: Document) -> Named:
    """Every route under every name that is not ours."""
    for host in FOREIGN_HOSTS:
        for target in ROUTES:
            headers = {"Host": host.format(port=8000)}
            yield f"Host {host!r}", Request("GET", target, b"", headers, _MISDIRECTED)
        changing = {"Host": host.format(port=8000), "Content-Type": "application/json"}
        body = b'{"preset":"linear"}'
        yield f"Host {host!r}", Request("POST", "/v1/jobs", body, changing, _MISDIRECTED)


def across(document: Document) -> Named:
    """Everything that changes something, as another site's page would ask for it."""
    for page in _PAGES:
        for method, target in CHANGES:
            for kind, body in _SIMPLE:
                headers = {**page, **({"Content-Type": kind} if kind else {})}
                yield f"page {page}", Request(method, target, body, headers, _FORBIDDEN)
