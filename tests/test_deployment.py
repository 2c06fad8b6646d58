"""The files that start the service elsewhere fit together: what one names, another has."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: one for name, one in SERVICES.items() if one["image"] == "mnistry"}


def test_ours_are_there_in_every_role() -> None:
    assert {one["command"][0] for one in OURS.values()} == {"serve", "api", "trainer"}


def test_the_default_is_one_service_and_everything_else_is_of_a_profile() -> None:
    alone = [name for name, one in SERVICES.items() if "profiles" not in one]

    assert alone == ["mnistry"]
    assert {tuple(one.get("profiles", ())) for one in SERVICES.values()} == {
        (),
        ("cluster",),
        ("observe",),
    }


def test_what_a_service_waits_for_is_started_with_it() -> None:
    for name, one in SERVICES.items():
        for needed, condition in conditions(one).items():
            assert SERVICES[needed].get("profiles") == one.get("profiles"), (name, needed)
            if condition == "service_healthy" and needed not in OURS:  # the image has its own
                assert "healthcheck" in SERVICES[needed], (name, needed)


def conditions(service: dict[str, Any]) -> dict[str, str]:
    """The services that one waits for, and until when."""
    needed = service.get("depends_on", {})
    if isinstance(needed, list):
        return dict.fromkeys(needed, "service_started")
    return {name: one["condition"] for name, one in needed.items()}


def test_every_volume_is_declared_and_every_file_that_is_mounted_is_there() -> None:
    sources = {mount.split(":")[0] for one in SERVICES.values() for mount in one.get("volumes", ())}
    named = {source for source in sources if not source.startswith(".")}

    assert named == set(COMPOSE["volumes"])
    assert all((ROOT / source).exists() for source in sources - named)


def test_only_this_machine_reaches_what_is_published() -> None:
    published = [port for one in SERVICES.values() for port in one.get("ports", ())]

    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


@pytest.mark.parametrize("name", OURS)
def test_ours_may_write_and_do_as_little_as_they_need(name: str) -> None:
    service = OURS[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["stop_grace_period"] == "20s"


def test_whoever_asks_an_api_by_a_name_is_answered() -> None:
    scraped = yaml.safe_load((ROOT / "deploy/prometheus.yml").read_text())
    (names,) = (one["names"] for one in scraped["scrape_configs"][0]["dns_sd_configs"])

    answering = [name for name, one in OURS.items() if one["command"][0] != "trainer"]
    assert sorted(names) == sorted(answering)
    for name in answering:
        assert name in SERVICES[name]["environment"]["MNISTRY_ALLOWED_HOSTS"].split(",")


class Nginx:
    """A configuration of nginx as blocks within blocks."""

    def __init__(self, text: str) -> None:
        plain = re.sub(r"#.*", "", text)
        self._tokens = re.findall(r'"[^"]*"|[{};]|[^\s{};"]+', plain)
        self.root = self._block()

    def _block(self) -> dict[str, Any]:
        block: dict[str, Any] = {}
        words: list[str] = []
        while self._tokens:
            mark = self._tokens.pop(0)
            if mark == "}":
                break
            if mark == "{":
                block[" ".join(words)] = self._block()
                words = []
            elif mark == ";":
                named = 2 if words[0] in ("set", "proxy_set_header") else 1
                block[" ".join(words[:named])] = " ".join(words[named:])
                words = []
            else:
                words.append(mark)
        return block


def test_the_proxy_spreads_requests_and_holds_no_event_back() -> None:
    server = Nginx((ROOT / "deploy/nginx.conf").read_text()).root["http"]["server"]
    aliases = [
        alias
        for one in OURS.values()
        for alias in one.get("networks", {}).get("default", {}).get("aliases", ())
    ]

    assert aliases == ["api", "api"]
    assert server["set $api"] == "http://api:8000"
    (streams,) = (path for path in server if path.startswith("location ~ "))
    assert re.fullmatch(streams.removeprefix("location ~ "), "/v1/jobs/job_1/events")
    assert server[streams]["proxy_buffering"] == "off"
    assert server["proxy_read_timeout"] == "75s"  # ?wait=60 is silent for so long
    assert server["proxy_set_header X-Forwarded-For"] == "$remote_addr"
    assert f"127.0.0.1:{server['listen']}:{server['listen']}" in SERVICES["proxy"]["ports"]


def test_grafana_finds_its_dashboard_and_its_datasource() -> None:
    dashboard = json.loads((ROOT / "deploy/grafana/dashboards/mnistry.json").read_text())
    (source,) = yaml.safe_load((ROOT / "deploy/grafana/datasource.yml").read_text())["datasources"]
    (provider,) = yaml.safe_load((ROOT / "deploy/grafana/dashboards.yml").read_text())["providers"]

    assert {panel["datasource"]["uid"] for panel in dashboard["panels"]} == {source["uid"]}
    assert source["url"] == "http://prometheus:9090"
    mounts = [mount.split(":")[1] for mount in SERVICES["grafana"]["volumes"]]
    assert provider["options"]["path"] in mounts
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{provider['options']['path']}/mnistry.json"
