"""Files in object storage: the same people, headers and pages as with files on disk, and nothing open beside them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import quote

import pytest
from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client as Browser
from django.urls import reverse

from clients.models import User
from cxportal.lib.env import storage_settings
from cxportal.lib.storing import NotKept, StorageAway, stored
from cxportal.run.surroundings import ROOT
from feedback.actions import post_message, take_back
from feedback.models import Message, MessageFile, Thread
from projects import actions
from projects.models import Attachment, Project, Task
from tests.factories import make_task, make_thread
from tests.object_storage import (
    BUCKET,
    ObjectServer,
    object_server,
    objects,
    silent_storage,
    status_of,
    use_storage,
)

__all__ = ["object_server", "objects", "silent_storage"]

BrowserOf = Callable[[User], Browser]
PAGE_SECONDS = 8


@pytest.fixture
def task(house: Project) -> Task:
    return make_task(house, "Roof", number=12)


@pytest.fixture
def question(house: Project, owner: User) -> Thread:
    return make_thread(house.client, author=owner, project=house, body="Can we move the socket?")


def upload(name: str = "plan.html", content: bytes = b"<script>alert(1)</script>") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="text/html")


def body_of(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def test_a_file_of_a_task_goes_to_those_who_may_open_it_and_to_nobody_else(
    objects: ObjectServer, task: Task, browser_of: BrowserOf, specialist: User, owner: User, stranger: User
) -> None:
    browser_of(specialist).post(reverse("file_add", args=["HOUSE", 12]), {"files": upload()})
    attachment = Attachment.objects.get()
    assert objects.names() == [attachment.file.name]
    assert objects.content(attachment.file.name) == b"<script>alert(1)</script>"
    path = reverse("attachment", args=[attachment.uid])
    response = browser_of(specialist).get(path)
    assert body_of(response) == b"<script>alert(1)</script>"
    assert response.headers["Content-Length"] == "25"
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["Content-Disposition"] == 'attachment; filename="plan.html"'
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response.headers["Cache-Control"] == "private, no-store"
    assert browser_of(owner).get(path).status_code == 404
    browser_of(specialist).post(reverse("file_show", args=[attachment.uid]))
    reader = browser_of(owner)
    assert reader.get(path).status_code == 200
    assert browser_of(stranger).get(path).status_code == 404
    browser_of(specialist).post(reverse("file_hide", args=[attachment.uid]))
    assert reader.get(path).status_code == 404
    reader.logout()
    assert reader.get(path).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_a_deleted_file_is_gone_from_the_storage(objects: ObjectServer, task: Task, specialist: User) -> None:
    attachment = actions.attach_file(task=task, by=specialist, file=upload())
    assert len(objects.names()) == 1
    actions.delete_file(attachment=attachment, by=specialist)
    assert objects.names() == []


def test_a_file_with_words_is_handed_out_until_they_are_taken_back(
    objects: ObjectServer, question: Thread, browser_of: BrowserOf, manager: User, owner: User, stranger: User
) -> None:
    write = reverse("thread_write", args=[question.uid])
    assert browser_of(manager).post(write, {"body": "Look", "files": [upload()]}).status_code == 302
    message = Message.objects.latest("pk")
    path = reverse("message_file", args=[message.files.get().uid])
    assert body_of(browser_of(owner).get(path)) == b"<script>alert(1)</script>"
    assert browser_of(stranger).get(path).status_code == 404
    take_back(message=message, by=manager)
    assert browser_of(owner).get(path).status_code == 404


def test_nothing_in_the_storage_is_open_or_can_be_guessed(
    objects: ObjectServer, question: Thread, manager: User
) -> None:
    message = post_message(thread=question, by=manager, body="Look", files=[upload("secret-plan.pdf")])
    kept = message.files.get()
    (name,) = objects.names()
    assert "secret" not in name
    assert kept.uid.hex not in name
    assert kept.file.url == f"/no-public-media/{name}", "no address that is signed"
    grants = objects.client.get_object_acl(Bucket=BUCKET, Key=name)["Grants"]
    assert {grant["Grantee"]["Type"] for grant in grants} == {"CanonicalUser"}
    assert status_of(f"http://127.0.0.1:{objects.port}/{BUCKET}/{name}") == 403


@pytest.mark.parametrize(
    "name", ["План «дома» №3.pdf", "a b+c%2F&=?.txt", "x" * 300 + ".txt", "🏠\u202egpj.exe"]
)
def test_names_are_kept_in_the_row_whatever_is_in_them(
    objects: ObjectServer,
    task: Task,
    browser_of: BrowserOf,
    specialist: User,
    name: str,
    settings: Any,
    tmp_path: Any,
) -> None:
    headers = []
    for _place in range(2):
        attachment = actions.attach_file(task=task, by=specialist, file=upload(name))
        response = browser_of(specialist).get(reverse("attachment", args=[attachment.uid]))
        assert body_of(response)
        headers.append(response.headers["Content-Disposition"])
        use_storage(settings, "")
    assert headers[0] == headers[1], "as with files on disk"
    assert headers[0].startswith("attachment; filename")


def test_an_object_that_is_gone_is_not_found(
    objects: ObjectServer, task: Task, browser_of: BrowserOf, specialist: User
) -> None:
    attachment = actions.attach_file(task=task, by=specialist, file=upload())
    objects.empty()
    assert browser_of(specialist).get(reverse("attachment", args=[attachment.uid])).status_code == 404


def test_a_storage_that_is_down_is_told_and_keeps_what_was_typed(
    objects: ObjectServer, task: Task, question: Thread, browser_of: BrowserOf, manager: User
) -> None:
    attachment = actions.attach_file(task=task, by=manager, file=upload())
    objects.kill()
    browser = browser_of(manager)
    response = browser.post(
        reverse("thread_write", args=[question.uid]), {"body": "A long answer", "files": [upload()]}
    )
    page = response.content.decode()
    assert response.status_code == 422
    assert "cannot be kept just now" in page
    assert "A long answer</textarea>" in page
    assert Message.objects.count() == 1
    answer = browser.post(reverse("file_add", args=["HOUSE", 12]), {"files": [upload(), upload()]})
    assert answer.status_code == 422
    assert answer.content.decode().count("cannot be kept just now") == 1
    response = browser.get(reverse("attachment", args=[attachment.uid]))
    assert response.status_code == 503
    assert "Files cannot be reached just now" in response.content.decode()
    assert response.headers["Retry-After"] == "30"
    assert browser.post(reverse("thread_write", args=[question.uid]), {"body": "Words"}).status_code == 302


def test_a_silent_storage_holds_up_one_page_and_no_other(
    silent_storage: None, task: Task, browser_of: BrowserOf, specialist: User
) -> None:
    attachment = Attachment.objects.create(task=task, file="tasks/2026/11/x", name="x", size=1)
    browser, path = browser_of(specialist), reverse("attachment", args=[attachment.uid])
    started = time.monotonic()
    assert browser.get(path).status_code == 503
    assert time.monotonic() - started < PAGE_SECONDS
    started = time.monotonic()
    assert browser.get(path).status_code == 503
    assert browser.post(reverse("file_add", args=["HOUSE", 12]), {"files": upload()}).status_code == 422
    assert time.monotonic() - started < 1, "the second does not wait for the same"


def test_a_wrong_key_is_told_as_away_and_not_as_missing(
    objects: ObjectServer, settings: Any, task: Task, browser_of: BrowserOf, specialist: User
) -> None:
    attachment = actions.attach_file(task=task, by=specialist, file=upload())
    use_storage(settings, objects.url.replace(f"/{BUCKET}", "/no-such-bucket"))
    assert browser_of(specialist).get(reverse("attachment", args=[attachment.uid])).status_code == 503


@pytest.mark.django_db(transaction=True)
def test_what_is_refused_leaves_nothing_in_the_storage(
    objects: ObjectServer, task: Task, question: Thread, specialist: User, manager: User, stranger: User
) -> None:
    Project.objects.update(status="finished")
    with pytest.raises(Exception, match="finished"):
        actions.attach_file(task=task, by=specialist, file=upload())
    with pytest.raises(Exception):  # noqa: B017 - whatever it is
        post_message(thread=question, by=stranger, body="Mine", files=[upload()])
    assert objects.names() == []
    key = Message.objects.get().uid
    for _time in range(2):
        post_message(thread=question, by=manager, body="Once", files=[upload()], form_key=key)
    assert len(objects.names()) == MessageFile.objects.count() == 1


def test_one_of_two_files_that_cannot_be_stored_leaves_neither(objects: ObjectServer) -> None:
    class Broken(ContentFile):
        def read(self, *args: Any) -> bytes:
            raise OSError("disk")

    with pytest.raises(NotKept), stored([upload(), Broken(b"x", name="b")], "messages"):
        pytest.fail("nothing to do with half of it")
    assert objects.names() == []


def test_a_commit_nobody_knows_of_keeps_the_file(objects: ObjectServer) -> None:
    with pytest.raises(OperationalError), stored([upload()], "messages"):
        raise OperationalError("server closed the connection unexpectedly")
    assert len(objects.names()) == 1


def test_a_large_file_is_streamed(objects: ObjectServer, settings: Any, db: None) -> None:
    size = 48 * 2**20
    name = default_storage.save("large", ContentFile(b"\x07" * size))
    file = cast(Any, default_storage.open(name))
    tracemalloc.start()
    try:
        assert sum(len(piece) for piece in file.chunks()) == file.size == size
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 4 * 2**20, f"{most / 2**20:.1f} MiB at once"


def test_a_large_file_is_stored_in_parts(objects: ObjectServer, tmp_path: Any, db: None) -> None:
    size = 24 * 2**20
    path = tmp_path / "large"
    path.write_bytes(b"\x07" * size)
    with path.open("rb") as source:
        name = default_storage.save("large", ContentFile(b""))  # the way is warm: clients are made once
        tracemalloc.start()
        try:
            name = default_storage.save("large", File(source))
            most = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert default_storage.size(name) == size
    assert most < size * 0.9, f"{most / 2**20:.1f} MiB at once"


def test_the_beginning_can_be_read_again_and_the_rest_is_whole(objects: ObjectServer, db: None) -> None:
    content = bytes(range(256)) * 400
    file = default_storage.open(default_storage.save("some", ContentFile(content)))
    assert file.read(4096) == content[:4096]
    file.seek(0)
    assert file.read(1000) + file.read(5000) + file.read() == content
    with pytest.raises(OSError):
        file.seek(0)


def test_the_same_name_twice_is_two_objects_and_a_folder_holds_them(
    objects: ObjectServer, settings: Any, db: None
) -> None:
    use_storage(settings, f"{objects.url}&folder=portal/files&encrypt=AES256")
    names = [default_storage.save("a/b", ContentFile(b"x")) for _ in range(2)]
    assert len(set(names)) == 2
    assert all(name.startswith("portal/files/a/b") for name in objects.names())
    head = objects.client.head_object(Bucket=BUCKET, Key=objects.names()[0])
    assert head["ServerSideEncryption"] == "AES256"
    assert default_storage.listdir("a")[1]
    for name in names:
        default_storage.delete(name)
    default_storage.delete(names[0])
    assert objects.names() == []


def test_objects_are_only_read_and_a_way_out_of_the_folder_is_none(
    objects: ObjectServer, settings: Any, db: None
) -> None:
    use_storage(settings, f"{objects.url}&folder=portal")
    with pytest.raises(ValueError, match="opened for reading"):
        default_storage.open("x", "wb")
    with pytest.raises(SuspiciousOperation):
        default_storage.open("../other/x")
    with pytest.raises(FileNotFoundError):
        default_storage.size("nothing")


def test_a_disk_that_is_full_is_told_beside_the_field(
    task: Task, browser_of: BrowserOf, specialist: User, settings: Any, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path / "file"
    settings.MEDIA_ROOT.write_text("not a folder")
    answer = browser_of(specialist).post(reverse("file_add", args=["HOUSE", 12]), {"files": upload()})
    assert answer.status_code == 422
    assert "cannot be kept just now" in answer.content.decode()


# --- STORAGE_URL ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://host/bucket", "must look like s3://"),
        ("s3://key:secret@host", "must look like s3://"),
        ("s3:///bucket", "must look like s3://"),
        ("s3://key:secret@host/bucket/more", "must look like s3://"),
        ("s3://key:secret@host:port/bucket", "is not a URL"),
        ("s3://key@host/bucket", "both KEY and SECRET"),
        ("s3://key:secret@host/bucket?public=1", "not public"),
        ("s3://key:secret@host/bucket?secure=no", "secure in STORAGE_URL"),
        ("s3://key:secret@host/bucket?encrypt=rot13", "encrypt in STORAGE_URL"),
        ("s3://key:secret@host/bucket?timeout=0", "timeout in STORAGE_URL"),
    ],
)
def test_a_wrong_storage_url_is_told_in_one_line(url: str, told: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=told) as caught:
        storage_settings(url)
    assert "STORAGE_URL" in str(caught.value)
    assert "secret@" not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_the_parts_of_a_storage_url_reach_the_storage() -> None:
    options = storage_settings(f"s3://{quote('k/y', safe='')}:{quote('s@/+', safe='')}@[::1]:9000/files")[
        "OPTIONS"
    ]
    assert (options["access_key"], options["secret_key"]) == ("k/y", "s@/+")
    assert options["endpoint_url"] == "https://[::1]:9000"
    assert options["region_name"] == "us-east-1"


LOADED = """
import sys, django
django.setup()
from django.urls import get_resolver; get_resolver().url_patterns
from cxportal.preload import preload; preload()
print("boto3" in sys.modules)
"""


@pytest.mark.parametrize(("url", "loaded"), [("", "False"), ("s3://k:s@storage.example/files", "True")])
def test_boto3_is_loaded_only_where_it_is_used(url: str, loaded: str) -> None:
    result = subprocess.run(
        [sys.executable, "-c", LOADED],
        cwd=ROOT,
        env={**os.environ, "STORAGE_URL": url},
        capture_output=True,
        text=True,
    )
    assert result.stdout.strip() == loaded, result.stderr


def test_away_is_what_a_person_is_told_not_a_fault_of_ours() -> None:
    assert not issubclass(StorageAway, OSError)
