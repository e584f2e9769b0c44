from __future__ import annotations

import email
import stat
from pathlib import Path

import pytest
from django.core.mail import EmailMessage
from pytest_django import Settings

from cxportal.notifications.backends import FolderBackend
from cxportal.notifications.models import OutgoingMail
from cxportal.notifications.sending import send_due
from cxportal.notifications.tests.conftest import Letters
from cxportal.notifications.tests.test_sending import in_days, state_of


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.EMAIL_BACKEND = "cxportal.notifications.backends.FolderBackend"
    settings.MAIL_DIR = tmp_path / "somewhere" / "mail"
    return settings.MAIL_DIR


@pytest.mark.django_db
def test_each_mail_is_a_file_its_owner_alone_reads(letters: Letters, folder: Path) -> None:
    letters.queue("anna", "boris")
    assert send_due() == 2
    files = sorted(folder.iterdir())
    assert len(files) == 2
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    message = email.message_from_bytes(files[0].read_bytes())
    assert message["To"] == "anna@example.com"
    assert "anna@example.com" in files[0].name
    assert message["Message-ID"].strip("<>").split("@")[0] in files[0].name


@pytest.mark.django_db
def test_a_second_copy_shows_by_the_message_id_in_its_name(letters: Letters, folder: Path) -> None:
    mail = letters.queue("anna")
    send_due()
    OutgoingMail.objects.update(state="uncertain")
    send_due(in_days(1))
    names = [file.name for file in folder.iterdir()]
    assert len(names) == 2
    assert all(mail.message_id.strip("<>").split("@")[0] in name for name in names)


@pytest.mark.django_db
def test_a_folder_that_cannot_be_written_holds_the_mail_back(letters: Letters, folder: Path) -> None:
    folder.parent.mkdir()
    folder.write_text("no folder at all")
    mail = letters.queue("anna")
    assert send_due() == 0
    assert state_of(mail) == "queued"


@pytest.mark.parametrize(
    "recipient", ["../../etc/passwd@example.com", "a/b@example.com", "x" * 300 + "@example.com"]
)
def test_no_address_leads_out_of_the_folder(folder: Path, recipient: str) -> None:
    FolderBackend().send_messages([EmailMessage("News", "text", "us@example.com", [recipient])])
    (file,) = folder.iterdir()
    assert file.parent == folder
    assert file.suffix == ".eml"
