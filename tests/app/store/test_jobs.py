"""Jobs in the store: claims fence writes, events count without a gap."""

from dataclasses import replace

import pytest

from app.domain import ids
from app.domain.records import Job
from app.store import blobs, jobs
from app.store.blobs import Blobs, CorruptBlob
from app.store.database import Database
from app.store.jobs import ClaimLost


def claimed(database: Database, job: Job) -> Job:
    with database.writing() as connection:
        if jobs.get(connection, job.id) is None:
            jobs.insert(connection, job)
        found = jobs.claim(connection, job.id, job.turn)
    assert found is not None
    return found


def test_a_job_is_read_as_it_was_written(database: Database, job: Job) -> None:
    with database.writing() as connection:
        jobs.insert(connection, job)

    with database.reading() as connection:
        assert jobs.get(connection, job.id) == replace(job, last_event=1)
        assert jobs.get(connection, ids.new_id("job")) is None


def test_a_claim_begins_the_first_attempt(database: Database, job: Job) -> None:
    first = claimed(database, job)

    assert (first.status, first.attempt, first.crashes) == ("running", 1, 0)
    assert first.started_at is not None
    assert [entry["status"] for entry in first.history_of_status] == ["queued", "running"]


def test_claiming_a_running_job_counts_a_crash(database: Database, job: Job) -> None:
    claimed(database, job)

    second = claimed(database, job)

    assert (second.attempt, second.crashes) == (2, 1)
    assert second.history_of_status[-1]["reason"]


def test_an_attempt_that_lost_its_claim_writes_nothing(database: Database, job: Job) -> None:
    first = claimed(database, job)
    claimed(database, job)

    with pytest.raises(ClaimLost), database.writing() as connection:
        jobs.record(connection, job.id, first.attempt, {"seconds": 9.0}, [("progress", {})])

    with database.reading() as connection:
        found = jobs.get(connection, job.id)
        assert found is not None
        assert found.seconds == 0
        events = [event.event for event in jobs.events(connection, job.id, 0)]
        assert "progress" not in events


def test_a_cancelled_job_cannot_be_written_or_claimed(database: Database, job: Job) -> None:
    first = claimed(database, job)
    with database.writing() as connection:
        jobs.end_of(connection, first, "cancelled", {"model_id": None}, "asked")

    with pytest.raises(ClaimLost), database.writing() as connection:
        jobs.finish(connection, job.id, first.attempt, "succeeded", {}, {})
    with database.writing() as connection:
        assert jobs.claim(connection, job.id, job.turn) is None


def test_a_turn_that_is_over_claims_nothing(database: Database, job: Job) -> None:
    first = claimed(database, job)
    with database.writing() as connection:
        jobs.move(connection, first, "paused")
        assert jobs.claim(connection, job.id, 1) is None
        paused = jobs.get(connection, job.id)
        assert paused is not None
        jobs.move(connection, paused, "queued")

    with database.writing() as connection:
        assert jobs.claim(connection, job.id, 0) is None
        again = jobs.claim(connection, job.id, 1)

    assert again is not None
    assert (again.attempt, again.crashes, again.starts) == (2, 0, 1)


def test_where_a_paused_job_stood_is_kept_until_another_goes_on(
    database: Database, job: Job
) -> None:
    first = claimed(database, job)
    with database.writing() as connection:
        jobs.move(connection, first, "paused")
        assert jobs.keep_checkpoint(connection, job.id, first.attempt, {"seconds": 4.0})
        paused = jobs.get(connection, job.id)
        assert paused is not None
        assert paused.seconds == 4
        jobs.move(connection, paused, "queued")
        assert jobs.claim(connection, job.id, 1) is not None
        assert not jobs.keep_checkpoint(connection, job.id, first.attempt, {"seconds": 9.0})


def test_events_count_from_one_without_a_gap(database: Database, job: Job) -> None:
    first = claimed(database, job)
    with database.writing() as connection:
        for step in range(5):
            two = [("progress", {"step": step}), ("log", {"step": step})]
            jobs.record(connection, job.id, first.attempt, {"seconds": step}, two)
        jobs.finish(connection, job.id, first.attempt, "succeeded", {}, {"model_id": None})

    with database.reading() as connection:
        events = jobs.events(connection, job.id, 0)
        assert [event.id for event in events] == list(range(1, len(events) + 1))
        assert [event.event for event in events[-2:]] == ["status", "end"]
        assert jobs.events(connection, job.id, 3)[0].id == 4
        assert jobs.last_events(connection, [job.id]) == {job.id: len(events)}


def test_the_checkpoint_of_a_finished_job_is_removed(database: Database, job: Job) -> None:
    first = claimed(database, job)
    with database.writing() as connection:
        state = Blobs().upload(b"state")
        blobs.put(connection, state)
        changes = {"checkpoint_sha256": state.sha256}
        jobs.record(connection, job.id, first.attempt, changes)
        jobs.finish(connection, job.id, first.attempt, "succeeded", {}, {"model_id": None})

    with database.reading() as connection, pytest.raises(CorruptBlob):
        Blobs().get(connection, state.sha256)


def test_the_epochs_of_many_jobs_are_read_at_once(database: Database, job: Job) -> None:
    others = [replace(job, id=ids.new_id("job"), history=[{"epoch": i}]) for i in range(3)]
    with database.writing() as connection:
        for one in others:
            jobs.insert(connection, one)

    with database.reading() as connection:
        found = jobs.histories(connection, [others[0].id, others[2].id, job.id])

    assert sorted(found, key=str) == [[{"epoch": 0}], [{"epoch": 2}]]


def test_lists_are_newest_first_and_filtered(database: Database, job: Job) -> None:
    others = [replace(job, id=ids.new_id("job"), tags=[], name=str(i)) for i in range(3)]
    with database.writing() as connection:
        for one in (job, *others):
            jobs.insert(connection, one)

    with database.reading() as connection:
        first = jobs.page(connection, None, 2)
        rest = jobs.page(connection, first.next_id, 2)
        tagged = jobs.page(connection, None, 10, tag="a")
        running = jobs.page(connection, None, 10, status="running")
        positions = jobs.queue_positions(connection)

    listed = [one.id for one in (*first.records, *rest.records)]
    assert listed == sorted((one.id for one in (job, *others)), reverse=True)
    assert rest.next_id is None
    assert [one.id for one in tagged.records] == [job.id]
    assert running.records == []
    assert sorted(positions.values()) == [1, 2, 3, 4]


def test_deleting_a_job_takes_its_events_and_tags(database: Database, job: Job) -> None:
    with database.writing() as connection:
        jobs.insert(connection, job)
        jobs.delete(connection, job.id)

    with database.reading() as connection:
        assert jobs.get(connection, job.id) is None
        assert jobs.events(connection, job.id, 0) == []
        assert jobs.page(connection, None, 10, tag="a").records == []
