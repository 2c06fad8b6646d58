"""An S3 server of the tests' own."""

import itertools
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3

REGION = "us-east-1"


class S3:
    """moto's server in a process of its own, on the loopback address.

    Args:
        log: Where what it says is kept.
    """

    def __init__(self, log: Path) -> None:
        command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", "0"]
        self._log = log
        with log.open("w") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=output)
        self.url = self._wait()
        self._buckets = itertools.count(1)

    def _wait(self) -> str:
        for _ in range(600):
            found = re.search(r"http://\S+", self._log.read_text())
            if found:
                return found.group().rstrip("/")
            assert self._process.poll() is None, self._log.read_text()
            try:
                self._process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
        raise AssertionError("the S3 server has not said where it is")

    @property
    def environment(self) -> dict[str, str]:
        """What a client has to be told to find it."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }

    def new_bucket(self) -> str:
        """The name of an empty bucket."""
        name = f"bucket{next(self._buckets)}"
        self.client().create_bucket(Bucket=name)
        return name

    def client(self) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - it takes any
        )

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
