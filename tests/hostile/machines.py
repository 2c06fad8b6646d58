"""Jobs and aliases as state machines, which Hypothesis drives in orders that nobody thought of.

What an alias does is known to the letter. A job is trained meanwhile, so of it only is known what
may follow what, and what never changes again.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, ClassVar

import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app.domain import ids
from app.store.aliases import PAST

FOLLOWS = {
    "queued": {"running", "paused", "cancelled", "failed"},
    "running": {"queued", "paused", "succeeded", "cancelled", "failed"},
    "paused": {"queued", "cancelled"},
    "succeeded": set(),
    "failed": set(),
    "cancelled": set(),
}
ALLOWED = {
    "pause": {"queued", "running"},
    "resume": {"paused"},
    "cancel": {"queued", "running", "paused"},
}
"""From which states what can be asked for."""

BECOMES = {"pause": {"paused"}, "resume": {"queued", "running"}, "cancel": {"cancelled"}}
TINY = {"preset": "linear", "epochs": 2, "train_samples": 1000, "batch_size": 100}


class Machine(RuleBasedStateMachine):
    """One sequence against a service that many before it have used."""

    client: ClassVar[httpx.Client]
    sequences: ClassVar[int] = 0

    @initialize()
    def count(self) -> None:
        type(self).sequences += 1

    def ask(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """An answer that is none of a failure."""
        answer = self.client.request(method, path, **arguments)
        assert answer.status_code < 500, answer.text
        return answer


class Jobs(Machine):
    """Submit, pause, resume, cancel, read and delete, in any order."""

    jobs = Bundle("jobs")

    def __init__(self) -> None:
        super().__init__()
        self.ended: dict[str, str] = {}
        self.keys: dict[str, str] = {}

    @rule(target=jobs, seed=st.integers(1, 3), pause_at_once=st.booleans())
    def submit(self, seed: int, pause_at_once: bool) -> Any:
        key = ids.new_id("job")
        arguments = {"json": {**TINY, "seed": seed}, "headers": {"Idempotency-Key": key}}
        answers = [self.ask("POST", "/v1/jobs", **arguments) for _ in range(2)]
        if answers[0].status_code == 429:
            return multiple()
        assert answers[0].status_code == 202
        assert answers[0].content == answers[1].content
        job_id = answers[0].json()["id"]
        if pause_at_once:
            self.ask("POST", f"/v1/jobs/{job_id}/pause")
        return job_id

    @rule(job_id=jobs, action=st.sampled_from(sorted(ALLOWED)))
    def change(self, job_id: str, action: str) -> None:
        answer = self.ask("POST", f"/v1/jobs/{job_id}/{action}")
        if answer.status_code == 202:
            assert answer.json()["status"] in BECOMES[action]
            assert job_id not in self.ended or self.ended[job_id] in BECOMES[action]
        else:
            assert answer.status_code == 409
            assert set(answer.json()["allowed_from"]) == ALLOWED[action]
        self.look(job_id)

    @rule(job_id=jobs)
    def look(self, job_id: str) -> None:
        job = self.ask("GET", f"/v1/jobs/{job_id}").json()
        history = [entry["status"] for entry in job["history_of_status"]]
        assert history[0] == "queued"
        assert history[-1] == job["status"]
        for before, after in pairwise(history):
            assert after in FOLLOWS[before], history
        times = [entry["at"] for entry in job["history_of_status"]]
        assert times == sorted(times)
        final = not FOLLOWS[job["status"]]
        assert final == (job["finished_at"] is not None)
        assert (job["model_id"] is not None) or job["status"] != "succeeded"
        assert self.ended.get(job_id, job["status"]) == job["status"]
        if final:
            self.ended[job_id] = job["status"]

    @rule(job_id=jobs)
    def events(self, job_id: str) -> None:
        headers = {"Accept": "application/json"}
        page = self.ask("GET", f"/v1/jobs/{job_id}/events?limit=1000", headers=headers).json()
        numbers = [event["id"] for event in page["data"]]
        kinds = [event["event"] for event in page["data"]]
        assert numbers == sorted(set(numbers))
        assert kinds.count("end") <= 1
        assert "end" not in kinds[:-1]

    @rule(job_id=consumes(jobs))
    def cancel_and_delete(self, job_id: str) -> None:
        refused = self.ask("DELETE", f"/v1/jobs/{job_id}")
        if refused.status_code == 409:
            assert job_id not in self.ended
            self.ask("POST", f"/v1/jobs/{job_id}/cancel")
            assert self.ask("DELETE", f"/v1/jobs/{job_id}").status_code == 204
        assert self.ask("GET", f"/v1/jobs/{job_id}").status_code == 404
        assert self.ask("POST", f"/v1/jobs/{job_id}/resume").status_code == 404

    def teardown(self) -> None:
        """Nothing trains on when nobody looks any more."""
        running = self.client.get("/v1/jobs", params={"limit": 100}).json()["data"]
        for job in running:
            if job["finished_at"] is None:
                self.client.post(f"/v1/jobs/{job['id']}/cancel")


class Aliases(Machine):
    """Point, move, remove, and delete what is pointed at; everything is known beforehand."""

    names = st.sampled_from(["one", "two", "three"])
    models: ClassVar[list[str]]

    def __init__(self) -> None:
        super().__init__()
        self.past: dict[str, list[str]] = {}
        for name in ("one", "two", "three"):
            self.ask("DELETE", f"/v1/aliases/{name}")

    @rule(name=names, model=st.integers(0, 2), match=st.sampled_from(["none", "right", "wrong"]))
    def point(self, name: str, model: int, match: str) -> None:
        tag = self.ask("GET", f"/v1/aliases/{name}").headers.get("etag", '"none"')
        headers = {"right": {"If-Match": tag}, "wrong": {"If-Match": '"other"'}}.get(match, {})
        body = {"model_id": self.models[model]}
        answer = self.ask("PUT", f"/v1/aliases/{name}", json=body, headers=headers)
        if match == "wrong" or (match == "right" and name not in self.past):
            assert answer.status_code == 412
            return
        assert answer.status_code == 200
        moves = self.past.setdefault(name, [])
        if moves[-1:] != [self.models[model]]:
            moves.append(self.models[model])

    @rule(name=names)
    def only_if_new(self, name: str) -> None:
        body, headers = {"model_id": self.models[0]}, {"If-None-Match": "*"}
        answer = self.ask("PUT", f"/v1/aliases/{name}", json=body, headers=headers)
        assert answer.status_code == (412 if name in self.past else 200)
        self.past.setdefault(name, [self.models[0]])

    @rule(name=names)
    def remove(self, name: str) -> None:
        answer = self.ask("DELETE", f"/v1/aliases/{name}")
        assert answer.status_code == (204 if self.past.pop(name, None) else 404)

    @rule(name=names)
    def to_nothing(self, name: str) -> None:
        body = {"model_id": ids.new_id("mdl")}
        assert self.ask("PUT", f"/v1/aliases/{name}", json=body).status_code == 422

    @rule(name=names)
    def replay(self, name: str) -> None:
        """An alias serves wherever a model does, from the answer on."""
        answer = self.ask("GET", f"/v1/models/{name}")
        assert answer.status_code == (200 if name in self.past else 404)
        if name in self.past:
            assert answer.json()["id"] == self.past[name][-1]

    @precondition(lambda self: self.past)
    @rule()
    def delete_what_is_pointed_at(self) -> None:
        pointed = next(iter(self.past.values()))[-1]
        assert self.ask("DELETE", f"/v1/models/{pointed}").status_code == 409

    @invariant()
    def is_as_was_asked(self) -> None:
        for name, moves in self.past.items():
            alias = self.ask("GET", f"/v1/aliases/{name}").json()
            assert alias["model_id"] == moves[-1]
            assert [one["model_id"] for one in alias["past"]] == moves[-2::-1][:PAST]


def drive(kind: type[Machine], client: httpx.Client, sequences: int, steps: int) -> int:
    """Run so many sequences; how many there were, with those that Hypothesis made smaller.

    Raises:
        AssertionError: One of them went wrong; the message is the shortest that does.
    """
    chosen = settings(
        max_examples=sequences,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    kind.client, kind.sequences = client, 0
    run: Callable[..., None] = run_state_machine_as_test
    run(kind, settings=chosen)
    return kind.sequences


def three_models(client: httpx.Client) -> list[str]:
    """The same model three times, as imports of its export."""
    content = client.get("/v1/models/digits/export").content
    made = [client.post("/v1/models", files={"file": ("a", content)}) for _ in range(3)]
    return [str(answer.json()["id"]) for answer in made]
