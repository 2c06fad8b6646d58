"""What an operator looks up is there."""

from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.docs.markdown import ROOT


def test_every_metric_is_explained(client: httpx.Client, model: dict[str, Any]) -> None:
    seven = client.get("/v1/datasets/mnist/samples/0", params={"split": "test"}).content
    client.post(f"/v1/models/{model['id']}/predict", files={"files": seven}).raise_for_status()
    page = (ROOT / "docs/operations.md").read_text()

    families = list(text_string_to_metric_families(client.get("/metrics").text))

    assert len(families) > 20
    for family in families:
        name = f"{family.name}_total" if family.type == "counter" else family.name
        if not name.endswith("_created"):
            assert f"`{name}" in page
