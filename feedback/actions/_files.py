"""Files that come with words: stored before the transaction begins, for no lock may wait for a storage."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from cxportal.lib.storing import KeptFile, Upload, stored
from feedback.models import Message, MessageFile

P = ParamSpec("P")
R = TypeVar("R")


def stores_files(action: Callable[P, R]) -> Callable[P, R]:
    """Decorator, outside of the transaction: `files` of the action are in the storage when it begins.

    They are removed again when it fails, or does not use them. Adds NotKept to what it raises.
    """

    @wraps(action)
    def with_stored_files(*args: P.args, **kwargs: P.kwargs) -> R:
        files: Any = kwargs.pop("files", ())
        with stored(files, "messages") as kept:
            details: Any = {**kwargs, "files": kept}
            return action(*args, **details)

    return with_stored_files


def attach(message: Message, files: Iterable[Upload]) -> None:
    for file in files:
        assert isinstance(file, KeptFile), "stored before the transaction"
        MessageFile.objects.create(
            message=message, file=file.path, name=file.name, content_type=file.content_type, size=file.size
        )
        file.is_used = True
