"""A real server that speaks S3, on loopback and in a process of its own, which a test may kill and look into."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from cxportal.lib.env import storage_settings
from tests.portal_process import free_port, wait_for

KEY, SECRET, BUCKET = "portal-key", "portal-secret", "portal-files"


class ObjectServer:
    """moto's S3. What it keeps is in its memory: gone when it is killed."""

    def __init__(self) -> None:
        self.port = free_port()
        self.start()

    @property
    def url(self) -> str:
        return f"s3://{KEY}:{SECRET}@127.0.0.1:{self.port}/{BUCKET}?region=eu-central-1&secure=0"

    def start(self) -> None:
        self.log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self.process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)],
            env={**os.environ, "MOTO_ALLOW_NONEXISTENT_REGION": "1"},
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        assert wait_for(self._listens, 60), self.output()
        self.client = _client(self.port)
        self.client.create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )

    def output(self) -> str:
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def _listens(self) -> bool:
        assert self.process.poll() is None, self.output()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def empty(self) -> None:
        for name in self.names():
            self.client.delete_object(Bucket=BUCKET, Key=name)

    def names(self) -> list[str]:
        listed = self.client.list_objects_v2(Bucket=BUCKET)
        return [one["Key"] for one in listed.get("Contents", [])]

    def content(self, name: str) -> bytes:
        return bytes(self.client.get_object(Bucket=BUCKET, Key=name)["Body"].read())

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)


def _client(port: int) -> Any:
    import boto3

    return boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="eu-central-1",
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
    )


@pytest.fixture(scope="module")
def object_server() -> Iterator[ObjectServer]:
    server = ObjectServer()
    yield server
    server.kill()


@pytest.fixture
def objects(object_server: ObjectServer, settings: Settings) -> Iterator[ObjectServer]:
    """Where the portal of this test keeps its files; empty at first, and running."""
    use_storage(settings, object_server.url)
    yield object_server
    if object_server.process.poll() is None:
        object_server.empty()
    else:
        object_server.start()


@pytest.fixture
def silent_storage(settings: Settings) -> Iterator[None]:
    """The portal of this test keeps its files at a server that takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        port = listening.getsockname()[1]
        use_storage(settings, f"s3://{KEY}:{SECRET}@127.0.0.1:{port}/{BUCKET}?secure=0&timeout=1")
        yield


def use_storage(settings: Settings, url: str) -> None:
    settings.STORAGES = {**settings.STORAGES, "default": storage_settings(url)}


def status_of(url: str) -> int:
    """What a person without any key gets at an address of the storage."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - loopback
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
