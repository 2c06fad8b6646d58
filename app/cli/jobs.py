"""`mnistry jobs`: what is and was trained."""

from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.connection import AsJson, Key, Url, connect, group
from app.cli.output import percent, table, write, write_json

if TYPE_CHECKING:
    from app.client import Job

app = group("list", "List, show, follow and steer jobs.")

JobId = Annotated[str, typer.Argument(metavar="JOB", help="A job's id.")]


@app.command("list")
def list_(
    status: Annotated[str | None, typer.Option(help="Only those in this status.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only those with this tag.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20,
    url: Url = None,
    key: Key = None,
    json: AsJson = False,
) -> None:
    """List jobs, newest first."""
    with connect(url, key) as client:
        found = list(islice(client.jobs.list(status=status, tag=tag), limit))
    if json:
        write_json([job.as_json() for job in found])
        return
    table(("job", "status", "network", "epoch", "reads", "model", "name"), map(_row, found))


@app.command()
def show(job: JobId, url: Url = None, key: Key = None, json: AsJson = False) -> None:
    """Show one job, epoch by epoch."""
    from app.cli.following import write_outcome

    with connect(url, key) as client:
        found = client.jobs.get(job)
        if json:
            write_json(found.as_json())
        else:
            write_outcome(found)


@app.command()
def follow(job: JobId, url: Url = None, key: Key = None, json: AsJson = False) -> None:
    """Show a job until it has ended; Ctrl-C ends the showing, not the job."""
    from app.cli.following import follow as until_it_ends

    with connect(url, key) as client:
        until_it_ends(client.jobs.get(job), url, as_json=json)


@app.command()
def cancel(job: JobId, url: Url = None, key: Key = None, json: AsJson = False) -> None:
    """End a job now."""
    with connect(url, key) as client:
        _say(client.jobs.get(job).cancel(), as_json=json)


@app.command()
def pause(job: JobId, url: Url = None, key: Key = None, json: AsJson = False) -> None:
    """Stop a job where it stands, to be resumed."""
    with connect(url, key) as client:
        _say(client.jobs.get(job).pause(), as_json=json)


@app.command()
def resume(job: JobId, url: Url = None, key: Key = None, json: AsJson = False) -> None:
    """Go on with a paused job."""
    with connect(url, key) as client:
        _say(client.jobs.get(job).resume(), as_json=json)


def _say(job: "Job", *, as_json: bool) -> None:
    if as_json:
        write_json(job.as_json())
    else:
        write(f"{job.id} {job.status}")


def _row(job: "Job") -> list[object]:
    epoch = f"{len(job.history)}/{job.config['epochs']}"
    reads = percent(job.metrics.val_accuracy) if job.metrics else ""
    network = job.preset or job.network_id
    return [job.id, job.status, network, epoch, reads, job.model_id, job.name]
