from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile

from clients.models import User
from cxportal.notifications.models import Event
from projects import actions
from projects.errors import ActionRefused, ProjectClosed
from projects.models import Attachment, Project, Task
from tests.factories import make_task


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def task(house: Project) -> Task:
    return make_task(house, "Roof")


def upload(name: str = "plan.pdf", content: bytes = b"%PDF-1.7 roof") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def stored(media: Path) -> list[Path]:
    return [path for path in media.rglob("*") if path.is_file()]


def test_what_staff_add_is_internal_until_shown(task: Task, specialist: User, owner: User) -> None:
    attachment = actions.attach_file(task=task, by=specialist, file=upload())
    assert (attachment.name, attachment.content_type, attachment.size) == (
        "plan.pdf",
        "application/pdf",
        13,
    )
    assert not Attachment.objects.visible_to(owner).exists()
    assert not Event.objects.visible_to(owner).exists()
    actions.show_file(attachment=attachment, by=specialist)
    assert list(Attachment.objects.visible_to(owner)) == [attachment]
    actions.hide_file(attachment=attachment, by=specialist)
    assert not Attachment.objects.visible_to(owner).exists()
    assert [event.kind for event in Event.objects.all()] == ["file.hidden", "file.shown", "file.added"]
    assert [event.kind for event in Event.objects.visible_to(owner)] == ["file.shown"]


def test_the_stored_file_has_a_name_of_ours_and_is_for_the_owner_alone(
    task: Task, specialist: User, media: Path
) -> None:
    attachment = actions.attach_file(task=task, by=specialist, file=upload("../../крыша.html", b"<script>"))
    (path,) = stored(media)
    assert re.fullmatch("[0-9a-f]{32}", path.name)
    assert path.name != attachment.uid.hex, "the address of a file does not tell where it lies"
    assert path.stat().st_mode & 0o777 == 0o600
    assert attachment.name == "крыша.html"
    assert attachment.content_type == "application/octet-stream"


def test_what_may_not_be_uploaded_leaves_nothing(
    task: Task, specialist: User, media: Path, settings: Any
) -> None:
    settings.ATTACHMENT_MAX_BYTES = 5
    for file in (upload(content=b""), upload()):
        with pytest.raises(ValidationError):
            actions.attach_file(task=task, by=specialist, file=file)
    Project.objects.update(status="finished")
    with pytest.raises(ProjectClosed):
        actions.attach_file(task=task, by=specialist, file=upload(content=b"roof"))
    assert stored(media) == []
    assert not Attachment.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_deleted_file_is_gone_from_the_disk_but_not_from_the_history(
    task: Task, specialist: User, media: Path
) -> None:
    attachment = actions.attach_file(task=task, by=specialist, file=upload())
    gone = Attachment.objects.get()
    for _time in range(2):
        actions.delete_file(attachment=attachment, by=specialist)
    assert stored(media) == []
    assert [event.kind for event in Event.objects.all()] == ["file.deleted", "file.added"]
    with pytest.raises(ActionRefused):
        actions.show_file(attachment=gone, by=specialist)
