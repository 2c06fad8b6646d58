"""The command line against the real service, as a shell sees it: stdout, stderr, exit codes."""

import json
import os
import pty
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import Server, StartServer, wait_until_ended
from tests.dataset_files import arrays, npz

SMALL = ("--preset", "linear", "--epochs", "2", "--train-samples", "3000", "--seed", "3")
KEYS = {"MNISTRY_API_KEYS": "reader:look-only,trainer:do-anything"}
COMMAND = [sys.executable, "-m", "app"]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def failure(*arguments: str, code: int = 1, **environment: str) -> str:
    """The one line in which a command says why it has failed."""
    result = run(*arguments, **environment)
    assert (result.returncode, result.stdout) == (code, ""), result
    (line,) = result.stderr.splitlines()
    assert line.startswith("mnistry: ")
    return line


class Shell:
    """Commands that ask one service."""

    def __init__(self, url: str) -> None:
        self.url = url

    def text(self, *arguments: str) -> str:
        """What a command that succeeds writes."""
        result = run(*arguments, MNISTRY_URL=self.url)
        assert result.returncode == 0, result
        return result.stdout

    def json(self, *arguments: str) -> Any:
        """The same as JSON: the one document that there is."""
        result = run(*arguments, "--json", MNISTRY_URL=self.url)
        assert (result.returncode, result.stderr) == (0, ""), result
        return json.loads(result.stdout)


@pytest.fixture
def shell(server: Server) -> Shell:
    return Shell(server.url)


@pytest.fixture
def seven(client: httpx.Client, tmp_path: Path) -> str:
    """A file with a digit."""
    file = tmp_path / "seven.png"
    sample = client.get("/v1/datasets/mnist/samples/0", params={"split": "test"})
    file.write_bytes(sample.content)
    return str(file)


def test_a_job_is_trained_and_followed_to_its_end(shell: Shell) -> None:
    chosen = ("--learning-rate", "0.02", "--name", "by hand", "--tag", "a", "--tag", "b")

    result = run("train", *SMALL, *chosen, "--follow", MNISTRY_URL=shell.url)

    assert result.returncode == 0, result
    assert "epoch 2" in result.stderr  # no terminal: a line an epoch
    assert "of the test samples right" in result.stdout
    (job,) = shell.json("jobs", "list", "--tag", "b", "--limit", "1")
    assert (job["name"], job["tags"]) == ("by hand", ["a", "b"])
    assert job["config"]["optimizer"]["learning_rate"] == 0.02
    assert job["config"]["seed"] == 3
    assert job["model_id"] in result.stdout


def test_following_writes_one_json_document(shell: Shell) -> None:
    job = shell.json("train", *SMALL, "--follow")

    assert (job["status"], len(job["history"])) == ("succeeded", 2)


def test_a_network_comes_from_a_file(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "network.json"
    layers = [{"type": "flatten"}, {"type": "dense", "output_dim": 10}, {"type": "softmax"}]
    file.write_text(json.dumps({"input_shape": [1, 28, 28], "layers": layers}))

    job = shell.json("train", "--network", str(file), "--epochs", "1", "--train-samples", "500")

    assert [layer["type"] for layer in job["network"]["layers"]] == ["flatten", "dense", "softmax"]
    file.write_text("{")
    assert "is not JSON" in run("train", "--network", str(file), MNISTRY_URL=shell.url).stderr


def test_a_terminal_shows_a_bar_and_the_curve_of_the_loss(shell: Shell) -> None:
    terminal, end = pty.openpty()
    command = [*COMMAND, "train", "--preset", "mlp", "--epochs", "3", "--train-samples", "6000"]
    environment = {**os.environ, "MNISTRY_URL": shell.url, "TERM": "xterm", "COLUMNS": "120"}
    process = subprocess.Popen(
        [*command, "--follow"], env=environment, stdout=subprocess.DEVNULL, stderr=end
    )
    os.close(end)

    shown = read_all(terminal)

    assert process.wait(60) == 0
    assert "epoch 3/3" in shown
    assert "━" in shown
    assert set(shown) & set("▂▃▄▅▆▇█")


def read_all(terminal: int) -> str:
    """What is written until the other side is closed."""
    content = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # how Linux says that it is
            break
        if not part:
            break
        content += part
    os.close(terminal)
    return content.decode()


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Have what is started here end at SIGINT, also where tests run in the background.

    A shell has its background jobs ignore it, and so would all that they start.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_ends_the_following_and_not_the_job(
    shell: Shell, client: httpx.Client
) -> None:
    job = shell.json("train", "--preset", "cnn", "--epochs", "100")
    process = subprocess.Popen(
        [*COMMAND, "jobs", "follow", job["id"], "--url", shell.url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert process.stderr.readline().strip() in ("queued", "running")

    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=30)

    assert (process.returncode, out) == (130, "")
    last = said.splitlines()[-1]
    assert last.endswith(f"mnistry jobs follow {job['id']} --url {shell.url}")
    assert client.get(f"/v1/jobs/{job['id']}").json()["status"] in ("queued", "running")
    assert shell.text("jobs", "cancel", job["id"]) == f"{job['id']} cancelled\n"
    cancelled = run("jobs", "follow", job["id"], MNISTRY_URL=shell.url)
    assert (cancelled.returncode, f"{job['id']} cancelled" in cancelled.stdout) == (1, True)


def test_jobs_are_listed_shown_and_steered(shell: Shell, client: httpx.Client) -> None:
    job_id = shell.text("train", *SMALL).split()[0]
    wait_until_ended(client, job_id)

    assert job_id in shell.text("jobs")
    assert job_id in [job["id"] for job in shell.json("jobs", "--status", "succeeded")]
    assert "val_accuracy" in shell.text("jobs", "show", job_id)
    assert shell.json("jobs", "show", job_id)["status"] == "succeeded"
    said = failure("jobs", "pause", job_id, MNISTRY_URL=shell.url)
    assert "possible from queued, running" in said
    long = shell.json("train", "--preset", "cnn", "--epochs", "100")["id"]
    assert shell.json("jobs", "pause", long)["status"] == "paused"
    assert shell.json("jobs", "resume", long)["status"] in ("queued", "running")
    assert shell.json("jobs", "cancel", long)["status"] == "cancelled"


def test_models_read_and_are_judged(shell: Shell, model: dict[str, Any], seven: str) -> None:
    name = model["id"]

    assert name in [one["id"] for one in shell.json("models", "--limit", "100")]
    assert name in shell.text("models", "--limit", "100")
    assert shell.json("models", "show", name)["sha256"] == model["sha256"]
    assert model["sha256"] in shell.text("models", "show", name)
    assert shell.json("models", "alias", "by-hand", name)["model_id"] == name
    (one, other) = shell.json("predict", seven, seven, "--model", "by-hand", "--top-k", "2")
    assert (one["label"], one["filename"], len(other["top_k"])) == ("7", "seven.png", 2)
    assert shell.text("predict", seven, "--model", name).splitlines()[1].split()[:2] == [seven, "7"]
    assert shell.json("evaluate", name)["accuracy"] == model["metrics"]["test_accuracy"]
    assert "of 10,000 samples right" in shell.text("evaluate", name)
    assert shell.json("compare", name, "by-hand")["p_value"] == 1.0
    assert "McNemar" in shell.text("compare", name, "by-hand")


def test_a_model_is_exported_in_the_format_of_the_files_name(
    shell: Shell, model: dict[str, Any], client: httpx.Client, tmp_path: Path
) -> None:
    file = tmp_path / "digits.onnx"

    written = shell.json("export", model["id"], "-o", str(file))
    shell.text("export", model["id"], "--format", "npz", "--output", str(tmp_path / "weights"))

    export = f"/v1/models/{model['id']}/export"
    assert file.read_bytes() == client.get(export, params={"format": "onnx"}).content
    assert written == {"file": str(file), "format": "onnx", "bytes": file.stat().st_size}
    assert (tmp_path / "weights").read_bytes()[:2] == b"PK"


def test_datasets_are_listed(shell: Shell) -> None:
    assert "mnist" in [dataset["name"] for dataset in shell.json("datasets")]
    assert "60000" in shell.text("datasets", "list")


def test_a_dataset_is_made_of_a_file(shell: Shell, client: httpx.Client, tmp_path: Path) -> None:
    file = tmp_path / "mine.npz"
    file.write_bytes(npz(arrays()))

    made = shell.json("datasets", "add", "from-a-file", str(file))

    try:
        assert made["name"] == "from-a-file"
        assert client.get("/v1/datasets/from-a-file").json()["sha256"] == made["sha256"]
        assert "already" in failure(
            "datasets", "add", "from-a-file", str(file), MNISTRY_URL=shell.url
        )
    finally:
        client.delete("/v1/datasets/from-a-file").raise_for_status()


def test_a_sweep_is_followed_shown_and_cancelled(shell: Shell) -> None:
    grid = ("--grid", "optimizer.learning_rate=0.01,0.0001", "--grid", "batch_size=64,128")

    sweep = shell.json("sweep", *SMALL, *grid, "--max-trials", "2", "--follow")

    assert [trial["rank"] for trial in sweep["trials"]] == [1, 2]
    shown = shell.text("sweep", "show", sweep["id"])
    assert "optimizer.learning_rate" in shown
    assert "succeeded" in shell.text("sweep", "follow", sweep["id"])
    assert shell.json("sweep", "cancel", sweep["id"])["status"] == "succeeded"


def test_a_wrong_key_is_said_in_one_line(start_server: StartServer) -> None:
    url = start_server(**KEYS).url

    assert "none was sent; give one of its keys" in failure("jobs", "--url", url)
    assert "not one of the service's" in failure("jobs", "--url", url, "--key", "guessed")
    weak = failure("train", *SMALL, MNISTRY_URL=url, MNISTRY_KEY="look-only")
    assert "this needs a trainer's" in weak
    asked = run("jobs", "--json", MNISTRY_URL=url, MNISTRY_KEY="look-only")
    assert (asked.returncode, json.loads(asked.stdout)) == (0, [])


def test_no_service_is_said_in_one_line() -> None:
    said = failure("jobs", "--url", "http://127.0.0.1:9", "--json")

    assert "no service answers at http://127.0.0.1:9" in said
    assert "mnistry serve" in said


def test_what_cannot_be_done_is_said_in_one_line(shell: Shell, tmp_path: Path) -> None:
    url = ("--url", shell.url)
    text = tmp_path / "text.png"
    text.write_text("no image")

    assert "There is no model or alias 'mdl_none'" in failure("models", "show", "mdl_none", *url)
    assert "did you mean 'lenet5'" in failure("train", "--preset", "lenet", *url)
    assert "text.png: The image has no known format" in failure("predict", str(text), *url)
    failure("datasets", "add", "no-dataset", str(text), *url)
    nowhere = str(tmp_path / "none" / "x.npz")
    assert f"{nowhere}: No such file" in failure("export", "latest", "-o", nowhere, *url)


def test_a_reader_that_has_enough_ends_it_silently(shell: Shell) -> None:
    for arguments in (("jobs",), ("settings", "--json")):
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            env={**os.environ, "MNISTRY_URL": shell.url},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        process.stdout.close()  # as `head` does
        assert process.stderr is not None
        with process.stderr as said:
            assert (said.read(), process.wait(60)) == (b"", 1)


def test_an_answer_that_cannot_be_written_is_said_in_one_line(shell: Shell) -> None:
    for arguments in (("jobs",), ("jobs", "--json")):
        with Path("/dev/full").open("w") as full:
            result = subprocess.run(
                [*COMMAND, *arguments, "--url", shell.url],
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
                timeout=60,
            )
        assert (result.returncode, result.stderr) == (1, "mnistry: No space left on device\n")


def test_a_terminal_of_few_letters_is_written_to_all_the_same(
    shell: Shell, client: httpx.Client
) -> None:
    body = {"preset": "linear", "epochs": 1, "train_samples": 500, "name": "größer ▁▂▃"}
    job = client.post("/v1/jobs", json=body).json()
    wait_until_ended(client, job["id"])
    ascii_ = {"PYTHONIOENCODING": "ascii", "MNISTRY_URL": shell.url}

    listed, shown = (run("jobs", *more, **ascii_) for more in ((), ("show", job["id"], "--json")))

    assert (listed.returncode, listed.stderr) == (0, "")
    assert job["id"] in listed.stdout
    assert json.loads(shown.stdout)["name"] == body["name"]


def test_with_nothing_to_write_to_it_works_all_the_same(shell: Shell) -> None:
    command = shlex.join([*COMMAND, "jobs", "--url", shell.url])

    closed = subprocess.run(
        ["/bin/sh", "-c", f"{command} >&-"], capture_output=True, text=True, check=False, timeout=60
    )

    assert (closed.returncode, closed.stderr) == (0, "")


def test_upkeep_answers_in_json_too(server: Server, tmp_path: Path) -> None:
    def answer(*arguments: str, data_dir: Path) -> Any:
        result = run(*arguments, "--json", MNISTRY_DATA_DIR=str(data_dir))
        assert result.returncode == 0, result
        return json.loads(result.stdout)

    file, new = str(tmp_path / "backup"), tmp_path / "new"
    written = answer("backup", file, data_dir=server.data_dir)
    assert answer("restore", file, data_dir=new) == written
    assert answer("fsck", data_dir=new)["problems"] == []
    settings = {one["variable"]: one["default"] for one in answer("settings", data_dir=new)}
    assert (settings["MNISTRY_PORT"], settings["MNISTRY_DATA_DIR"]) == (8000, "data")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("train",), "either --preset NAME or --network FILE"),
        (("train", "--preset", "mlp", "--epochs", "none"), "--epochs"),
        (("predict", "nowhere.png"), "nowhere.png"),
        (("sweep", "--preset", "mlp", "--grid", "batch_size"), "batch_size=64,128"),
        (("jobs", "--frobnicate"), "--frobnicate"),
        (("jobs", "--url", "localhost:8000"), "an address is as http://127.0.0.1:8000"),
    ],
)
def test_what_is_not_understood_is_exit_code_2(arguments: tuple[str, ...], said: str) -> None:
    result = run(*arguments)

    assert (result.returncode, result.stdout) == (2, "")
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_shells_can_complete_it() -> None:
    result = run("--show-completion", "bash")

    assert result.returncode == 0
    assert "complete" in result.stdout


def test_every_setting_is_listed_with_its_default() -> None:
    lines = run("settings").stdout.splitlines()

    assert {"MNISTRY_TRAINERS=1", "MNISTRY_OPEN=false", "MNISTRY_DATABASE_URL="} <= set(lines)
    assert "MNISTRY_URL=http://127.0.0.1:8000" in lines
