"""No room for what people attach: they read so beside the field, their words stay, and nothing half is left.

The system really refuses the write: no file of this process may grow beyond a limit.
"""

from __future__ import annotations

import resource
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.urls import reverse

from clients.models import User
from cxportal.notifications.models import Event, OutgoingMail
from feedback.models import Message, MessageFile, Thread
from projects.models import Attachment, Project
from tests.factories import make_task, make_thread

SignIn = Callable[[User], Browser]
pytestmark = pytest.mark.django_db

SMALL = SimpleUploadedFile("small.txt", b"x" * 1000).read()
MEDIUM = b"y" * 600_000  # kept in memory while it is received
LARGE = b"z" * 3_500_000  # received into the temporary folder
SAYS = "Files cannot be kept just now"


@contextmanager
def no_room(beyond: int) -> Iterator[None]:
    """Within, the system refuses each write beyond so many bytes of a file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (beyond, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def upload(name: str, content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


@pytest.fixture
def media(settings: Any) -> Path:
    return Path(settings.MEDIA_ROOT)


@pytest.fixture
def temporary(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "received"
    folder.mkdir()
    settings.FILE_UPLOAD_TEMP_DIR = str(folder)
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


@pytest.fixture
def question(house: Project, owner: User) -> Thread:
    return make_thread(house.client, author=owner, project=house)


@pytest.mark.parametrize("content", [MEDIUM, LARGE])
def test_an_answer_with_a_file_for_which_there_is_no_room(
    browser_of: SignIn, owner: User, question: Thread, media: Path, temporary: Path, content: bytes
) -> None:
    data = {"body": "Look at *this*", "files": [upload("ok.txt", SMALL), upload("plan.bin", content)]}
    before = (OutgoingMail.objects.count(), Event.objects.count())
    with no_room(beyond=100_000):
        response = browser_of(owner).post(reverse("thread_write", args=[question.uid]), data)
    page = response.content.decode()
    assert response.status_code == 422
    assert SAYS in page
    assert "Look at *this*</textarea>" in page
    assert page.index('name="files"') < page.index(SAYS), "beside the field"
    assert Message.objects.count() == 1
    assert not MessageFile.objects.exists()
    assert files_in(media) == []
    assert (OutgoingMail.objects.count(), Event.objects.count()) == before


def test_with_room_again_the_same_form_is_taken(
    browser_of: SignIn, owner: User, question: Thread, media: Path
) -> None:
    browser, address = browser_of(owner), reverse("thread_write", args=[question.uid])
    with no_room(beyond=100_000):
        browser.post(address, {"body": "Look", "files": [upload("plan.bin", MEDIUM)]})
    response = browser.post(address, {"body": "Look", "files": [upload("plan.bin", MEDIUM)]})
    assert response.status_code == 302
    kept = MessageFile.objects.get()
    assert (kept.name, kept.size) == ("plan.bin", len(MEDIUM))
    assert [path.read_bytes() for path in files_in(media)] == [MEDIUM]


def test_a_new_question_with_a_file_for_which_there_is_no_room(
    browser_of: SignIn, owner: User, house: Project, media: Path
) -> None:
    data = {
        "about": house.code,
        "named_for": house.code,
        "kind": "question",
        "subject": "Socket",
        "body": "Where?",
        "audience": "company",
        "files": [upload("plan.bin", MEDIUM)],
    }
    with no_room(beyond=100_000):
        response = browser_of(owner).post(reverse("thread_new"), data)
    page = response.content.decode()
    assert response.status_code == 422
    assert SAYS in page
    assert "Where?</textarea>" in page
    assert 'value="Socket"' in page
    assert not Thread.objects.exists()
    assert files_in(media) == []


@pytest.mark.parametrize("content", [MEDIUM, LARGE])
def test_a_file_of_a_task_for_which_there_is_no_room(
    browser_of: SignIn, specialist: User, house: Project, media: Path, temporary: Path, content: bytes
) -> None:
    task = make_task(house, "Roof")
    data = {"files": [upload("ok.txt", SMALL), upload("plan.bin", content)]}
    with no_room(beyond=100_000):
        response = browser_of(specialist).post(
            reverse("file_add", args=[house.code, task.number]), data, headers={"HX-Request": "true"}
        )
    assert response.status_code == 422
    assert SAYS in response.content.decode()
    names = list(Attachment.objects.values_list("name", flat=True))
    assert len(names) == len(files_in(media)), "no row without its file, no file without its row"
    assert "plan.bin" not in names
