"""Where mail goes without a mail server: into a folder, one file each."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

_UNSAFE = re.compile(r"[^A-Za-z0-9@.+_-]+")


class FolderBackend(BaseEmailBackend):
    """Writes each message as `TIME_RECIPIENT_MESSAGE-ID.eml` into MAIL_DIR, readable by the owner only.

    A file is there whole or not at all. The Message-ID in its name shows at a glance when one came twice.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.folder = Path(settings.MAIL_DIR)

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for message in email_messages:
            self._write(message)
        return len(email_messages)

    def _write(self, message: EmailMessage) -> None:
        content = message.message()
        name = "_".join(
            [
                f"{timezone.now():%Y%m%dT%H%M%S.%fZ}",
                _UNSAFE.sub("-", ",".join(message.recipients()))[:80],
                _UNSAFE.sub("-", str(content["Message-ID"]).strip("<>").split("@")[0])[:40],
            ]
        )
        # mkstemp makes the file with mode 0600; a name with a leading dot is not taken for a mail.
        handle, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=self.folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content.as_bytes(linesep="\r\n"))
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.folder / f"{name}.eml")
        except BaseException:
            os.unlink(temporary)
            raise
