"""What /metrics exports is described, and what is asked of it elsewhere is exported."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import Server

ROOT = Path(__file__).parent.parent.parent
OURS = r"\b(?:mnistry|nv)_[a-z0-9_]+"


@pytest.fixture(scope="module")
def families(server: Server, model: dict[str, Any]) -> list[Metric]:
    """The metrics of a service whose model has read something."""
    with httpx.Client(base_url=server.url) as client:
        body = {"instances": [[0.0] * 784]}
        client.post(f"/v1/models/{model['id']}/predict", json=body).raise_for_status()
        client.get("/nowhere")
        return list(text_string_to_metric_families(client.get("/metrics").text))


def labels_of(families: list[Metric]) -> dict[str, set[str]]:
    """The labels of each series by its name."""
    found: dict[str, set[str]] = {}
    for family in families:
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def queries() -> list[str]:
    """Everything that the dashboard and the alerts ask."""
    dashboard = json.loads((ROOT / "deploy/grafana/dashboards/mnistry.json").read_text())
    alerts = yaml.safe_load((ROOT / "deploy/alerts.yml").read_text())
    shown = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    rules = [rule["expr"] for group in alerts["groups"] for rule in group["rules"]]
    return shown + rules


@pytest.mark.parametrize("query", queries())
def test_what_the_dashboard_and_the_alerts_ask_is_exported(
    query: str, families: list[Metric]
) -> None:
    exported = labels_of(families)
    names = set(re.findall(OURS, query))

    assert names <= set(exported)
    assert names or 'up{job="mnistry"}' in query
    known = {"job"}.union(*(exported[name] for name in names))
    named = re.findall(r'(\w+)=~?"', query)
    grouped = [one.strip() for by in re.findall(r"by \(([^)]*)\)", query) for one in by.split(",")]
    assert {*named, *grouped} <= known


def test_every_metric_says_what_it_is_here_and_in_the_guide(families: list[Metric]) -> None:
    guide = set(re.findall(OURS, (ROOT / "docs/operations.md").read_text()))

    assert families
    for family in families:
        assert family.documentation.endswith("."), family.name
        exported = {family.name, f"{family.name}_total"}
        assert exported & guide or family.name.startswith("nv_inference_"), family.name
