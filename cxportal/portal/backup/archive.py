"""The archive: one tar file with the database, the files, and a list of what must be in it.

database.dump        pg_dump's own format
files/NAME           each file under its name in the storage
manifest.json        version, migrations, counts, and size and SHA-256 of all of the above
manifest.sha256      of manifest.json, which comes last because the others are read only once
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

from cxportal.portal.backup import BackupError

FORMAT = 1
DATABASE, FILES = "database.dump", "files/"
MANIFEST, MANIFEST_SUM = "manifest.json", "manifest.sha256"
CHUNK = 1024 * 1024


class Writer:
    """Writes the members one after the other, and their sums into the manifest."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self.tar = tar
        self.members: dict[str, dict[str, Any]] = {}

    def add(self, name: str, source: IO[bytes], size: int) -> None:
        """Raises BackupError when `source` does not have `size` bytes."""
        counted = _Counted(source)
        try:
            self.tar.addfile(_entry(name, size), counted)
        except OSError as error:
            if error.errno is not None:  # the disk's own trouble
                raise
            raise BackupError(f"{name} became shorter while it was read") from error
        self.members[name] = {"size": size, "sha256": counted.digest.hexdigest()}

    def finish(self, facts: dict[str, Any]) -> None:
        content = json.dumps({"format": FORMAT, **facts, "members": self.members}, indent=1).encode()
        for name, data in (
            (MANIFEST, content),
            (MANIFEST_SUM, hashlib.sha256(content).hexdigest().encode()),
        ):
            self.tar.addfile(_entry(name, len(data)), io.BytesIO(data))


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """An archive at `path`, readable by its owner only: there whole and verified at the end, or not at all."""
    handle, partial = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
                yield Writer(tar)
            file.flush()
            os.fsync(file.fileno())
        verify(Path(partial))
        Path(partial).rename(path)
        _sync_folder(path.parent)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise


def verify(path: Path) -> dict[str, Any]:
    """Reads the whole archive and returns its manifest.

    Raises BackupError unless it is complete, holds what its manifest names and nothing else, and every sum is right.
    """
    found: dict[str, dict[str, Any]] = {}
    kept: dict[str, bytes] = {}
    with reading(path) as tar:
        for member in tar:
            _check_name(member, path)
            if member.name in found:
                raise BackupError(f"{path} is damaged: {member.name} is in it twice.")
            digest = hashlib.sha256()
            content = tar.extractfile(member)
            assert content is not None  # a regular file
            while chunk := content.read(CHUNK):
                digest.update(chunk)
                if member.name in {MANIFEST, MANIFEST_SUM}:
                    kept[member.name] = kept.get(member.name, b"") + chunk
            found[member.name] = {"size": member.size, "sha256": digest.hexdigest()}
    manifest = _manifest(kept, found, path)
    named: dict[str, dict[str, Any]] = manifest["members"]
    held = {name: facts for name, facts in found.items() if name not in {MANIFEST, MANIFEST_SUM}}
    for name in sorted(named.keys() | held.keys()):
        if name not in held:
            raise BackupError(f"{path} is damaged: {name} is missing.")
        if name not in named:
            raise BackupError(f"{path} holds {name}, which its list does not name.")
        if named[name] != held[name]:
            raise BackupError(f"{path} is damaged: {name} is not what was saved.")
    if DATABASE not in held:
        raise BackupError(f"{path} is damaged: {DATABASE} is missing.")
    return manifest


def members(path: Path, prefix: str) -> Iterator[tuple[str, int, IO[bytes]]]:
    """(name without the prefix, size, content) of each member of a verified archive whose name begins with it."""
    with reading(path) as tar:
        for member in tar:
            _check_name(member, path)
            if member.name.startswith(prefix):
                content = tar.extractfile(member)
                assert content is not None
                yield member.name.removeprefix(prefix), member.size, content


@contextmanager
def reading(path: Path) -> Iterator[tarfile.TarFile]:
    """Raises BackupError for what is no archive, or only a part of one."""
    try:
        with tarfile.open(path, mode="r:") as tar:
            yield tar
    except (tarfile.TarError, EOFError) as error:
        raise BackupError(f"{path} is damaged or no backup: {error}") from error
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror or error}") from error


def _check_name(member: tarfile.TarInfo, path: Path) -> None:
    """Nothing of an archive is ever written by its own name alone, and a name that leads elsewhere is refused."""
    parts = PurePosixPath(member.name).parts
    right = member.name in {DATABASE, MANIFEST, MANIFEST_SUM} or member.name.startswith(FILES)
    safe = not {"..", "/"} & set(parts) and "\\" not in member.name and "\0" not in member.name
    if not (member.isreg() and right and safe and member.name == PurePosixPath(member.name).as_posix()):
        raise BackupError(f"{path} holds {member.name!r}, which no backup of ours does.")


def _manifest(kept: dict[str, bytes], found: dict[str, Any], path: Path) -> dict[str, Any]:
    if MANIFEST not in kept or MANIFEST_SUM not in kept:
        raise BackupError(f"{path} is damaged or no backup: its list is missing.")
    if found[MANIFEST]["sha256"].encode() != kept[MANIFEST_SUM]:
        raise BackupError(f"{path} is damaged: its list is not what was saved.")
    manifest: dict[str, Any] = json.loads(kept[MANIFEST])
    if manifest.get("format") != FORMAT:
        raise BackupError(f"{path} was made by a newer version of the portal. Update first, then restore.")
    return manifest


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class _Counted:
    def __init__(self, source: IO[bytes]) -> None:
        self.source = source
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self.source.read(size)
        self.digest.update(data)
        return data
