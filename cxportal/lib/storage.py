"""Files in object storage, by the S3 protocol: what STORAGE_URL leads to. Loaded only where it is set, for its size.

Objects are private and have no addresses: people get files from the portal, after its own check, so that signing out
or losing a right closes them at once.
"""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, cast
from urllib.parse import urljoin

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.response import StreamingBody
from django.conf import settings
from django.core.files.base import File
from django.utils.encoding import filepath_to_uri
from storages.backends.s3 import S3Storage
from storages.utils import clean_name

from cxportal.lib.storing import StorageAway

log = logging.getLogger(__name__)

CHUNK = 64 * 1024
SECONDS_OF_REST = 5  # after a silence, others are told at once instead of waiting for the same


class ObjectStorage(S3Storage):
    """S3Storage with short waits, private objects, and reading as a stream.

    Raises StorageAway where the storage cannot be reached or refuses us, FileNotFoundError for what is not there.
    """

    def __init__(self, *, seconds: int = 3, **options: Any) -> None:
        self._silent_until = 0.0
        super().__init__(
            default_acl=None,  # the bucket's own: private
            querystring_auth=True,
            file_overwrite=False,
            client_config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                connect_timeout=min(seconds, 2),
                read_timeout=seconds,
                retries={"mode": "standard", "total_max_attempts": 2},
                # Checksums that storages other than Amazon's often do not know.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
            transfer_config=TransferConfig(use_threads=False),  # bounded memory: one part at a time
            **options,
        )

    def url(self, name: str | None, *args: Any, **kwargs: Any) -> str:
        """As without object storage: an address under which there is nothing."""
        return urljoin(settings.MEDIA_URL, filepath_to_uri(name or "") or "")

    def exists(self, name: str) -> bool:
        with self._asked(name):
            return bool(super().exists(name))

    def size(self, name: str) -> int:
        with self._asked(name):
            return int(super().size(name))

    def delete(self, name: str) -> None:
        with self._asked(name):
            super().delete(name)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        with self._asked(path):
            return cast(tuple[list[str], list[str]], super().listdir(path))

    def _save(self, name: str, content: File) -> str:
        with self._asked(name):
            return str(super()._save(name, content))

    def _open(self, name: str, mode: str = "rb") -> File:
        if mode != "rb":
            raise ValueError(f"Objects are opened for reading bytes, not with {mode!r}.")
        with self._asked(name):
            answer = self.connection.meta.client.get_object(
                Bucket=self.bucket_name, Key=self._normalize_name(clean_name(name))
            )
        body = cast(IO[bytes], _Body(answer["Body"], self))
        return StreamedFile(body, name, size=answer["ContentLength"])

    @contextmanager
    def _asked(self, name: str) -> Iterator[None]:
        if time.monotonic() < self._silent_until:
            raise StorageAway("The object storage did not answer just now.")
        try:
            yield
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404 and _code(error) != "NoSuchBucket":
                raise FileNotFoundError(name) from error
            # The storage answers: only this was refused, and it need not be spared.
            log.error("The object storage refused %s: %s.", name, _code(error))
            raise StorageAway(_code(error)) from error
        except (BotoCoreError, Boto3Error) as error:
            self._silent_until = time.monotonic() + SECONDS_OF_REST
            # Without the address, which may hold what is secret.
            log.error("The object storage cannot be reached: %s.", type(error).__name__)
            raise StorageAway(type(error).__name__) from error


class StreamedFile(File):
    """An object as it comes from the storage: read once from beginning to end, never whole in memory.

    `seek(0)` is possible as long as only its beginning was read, in one piece.
    """

    def __init__(self, body: IO[bytes], name: str, *, size: int) -> None:
        super().__init__(body, name)
        self._body = body
        self._size = size
        self._reads = 0
        self._first = b""
        self._again = b""

    @property
    def size(self) -> int:
        return self._size

    def seekable(self) -> bool:
        return False

    def read(self, size: int = -1) -> bytes:
        if self._again:
            whole = self._again if size < 0 else self._again[:size]
            self._again = self._again[len(whole) :]
            return whole + self._body.read() if size < 0 else whole
        piece = self._body.read(size)
        self._reads += 1
        self._first = piece if self._reads == 1 else b""
        return piece

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if (offset, whence) != (0, io.SEEK_SET) or self._reads > 1:
            raise io.UnsupportedOperation("An object is read from beginning to end.")
        self._again = self._first
        return 0

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        while piece := self.read(chunk_size or CHUNK):
            yield piece


class _Body:
    """What botocore reads from, with our own error for a storage that falls silent meanwhile."""

    def __init__(self, body: StreamingBody, storage: ObjectStorage) -> None:
        self._body, self._storage = body, storage
        self.closed = False

    def read(self, size: int = -1) -> bytes:
        with self._storage._asked("an object"):
            return bytes(self._body.read(size if size >= 0 else None))

    def close(self) -> None:
        self.closed = True
        self._body.close()


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "unknown"))
