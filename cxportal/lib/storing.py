"""Keeping what people upload: in the storage first, then in the database, and nowhere when that fails."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import InterfaceError, OperationalError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cxportal.lib.errors import ActionRefused

log = logging.getLogger(__name__)


class StorageAway(Exception):
    """The storage of files cannot be reached, is full, or refuses us. Later it may work."""


class NotKept(ActionRefused):
    """What was uploaded could not be stored."""

    def __init__(self) -> None:
        super().__init__(
            _("Files cannot be kept just now. Please try again in a few minutes, or go on without them."),
            field="files",
        )


@dataclass(slots=True)
class KeptFile:
    """A file that lies in the storage under `path` and waits for its row. Set `is_used` once it has one."""

    path: str
    name: str
    content_type: str
    size: int
    is_used: bool = field(default=False, compare=False)


Upload = File | KeptFile


@contextmanager
def stored(files: Iterable[Upload], folder: str) -> Iterator[list[KeptFile]]:
    """The files, stored in `folder` under names nobody can guess, for as long as it takes to write their rows.

    Open no transaction around it: the storage may be slow. What is not used in the end is removed again. What was
    stored before (by an outer `stored`) is passed on. Raises NotKept.
    """
    kept: list[KeptFile] = []
    ours: list[KeptFile] = []
    try:
        for file in files:
            if isinstance(file, KeptFile):
                kept.append(file)
                continue
            ours.append(_store(file, folder))
            kept.append(ours[-1])
        yield kept
    except (OperationalError, InterfaceError):
        # The connection was lost, perhaps after the commit: a file too many is better than a row without its file.
        raise
    except BaseException:
        remove(*(one.path for one in ours))
        raise
    remove(*(one.path for one in ours if not one.is_used))


def remove(*paths: str) -> None:
    """Remove from the storage; what cannot be removed now is logged and stays, for nobody to see."""
    for path in paths:
        try:
            default_storage.delete(path)
        except (StorageAway, OSError) as error:
            log.error("The file %s could not be removed: %s.", path, type(error).__name__)


def _store(file: File, folder: str) -> KeptFile:
    name = f"{folder}/{timezone.now():%Y/%m}/{uuid.uuid4().hex}"
    try:
        path = default_storage.save(name, file)
    except (StorageAway, OSError) as error:
        log.error("A file could not be stored: %s.", type(error).__name__)
        with suppress(StorageAway, OSError):
            default_storage.delete(name)  # a disk that is full keeps what went on it before
        raise NotKept from error
    return KeptFile(
        path=path,
        name=file.name or "",
        content_type=getattr(file, "content_type", None) or "application/octet-stream",
        size=file.size,
    )
