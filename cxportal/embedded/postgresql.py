"""The embedded PostgreSQL: its data folder, its settings, its start and stop."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path
from urllib.parse import quote

from cxportal.embedded.errors import EmbeddedError
from cxportal.embedded.places import Places, make_folder, secret_in
from cxportal.embedded.process import (
    as_user,
    clear_orphans,
    environment,
    hand_over,
    how_it_ended,
    start,
    stop,
    wait_until,
)

MAJOR = "18"
SUPERUSER = "postgres"
ROLE = DATABASE = "portal"

# Sized for one small company on one machine: little memory, few processes, nothing on the network.
SETTINGS = """\
listen_addresses = ''
unix_socket_permissions = 0700
password_encryption = 'scram-sha-256'
max_connections = 60
shared_buffers = 64MB
effective_cache_size = 512MB
work_mem = 8MB
maintenance_work_mem = 64MB
max_wal_size = 512MB
min_wal_size = 64MB
wal_level = minimal
max_wal_senders = 0
max_logical_replication_workers = 0
io_method = sync
jit = off
random_page_cost = 1.1
timezone = 'UTC'
log_timezone = 'UTC'
# The log names no values of rows: people's words and addresses stay out of it.
log_error_verbosity = terse
log_min_error_statement = panic
"""
THROWAWAY_SETTINGS = """\
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
"""
ACCESS = "local all all scram-sha-256\n"
LOG_LIMIT = 5_000_000


class PostgreSQL:
    """One server in `places.postgresql_data`, listening in `sockets`."""

    name = "PostgreSQL"

    def __init__(self, places: Places, sockets: Path, throwaway: bool) -> None:
        self.places = places
        self.sockets = sockets
        self.throwaway = throwaway
        self.data = places.postgresql_data
        self.log = places.control / "postgresql.log"
        self.password_was_lost = not (places.control / "postgresql-password").exists()
        self.password = secret_in(places.control / "postgresql-password")
        self.super_password = secret_in(places.control / "postgresql-superuser-password")
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgres://{ROLE}:{self.password}@/{DATABASE}?host={quote(str(self.sockets), safe='/')}&port=5432"

    def start(self) -> None:
        """Make the data folder if there is none, start, and return once it answers. Raises EmbeddedError."""
        self._rotate_log()
        made = not self.data.exists()
        if made:
            self._initialise()
        else:
            self._check_data()
        clear_orphans(self.data)
        # Nobody is left in the folder, so this tells of a dead server, even if its number lives on in another process.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        settings = SETTINGS + (THROWAWAY_SETTINGS if self.throwaway else "")
        account = self.places.account
        hand_over(self.data / "portal.conf", settings, account)
        hand_over(self.data / "pg_hba.conf", ACCESS, account)
        if self.password_was_lost and not made:
            self._renew_passwords()
        offset = self.log.stat().st_size if self.log.exists() else 0
        self.process = start(
            [self.places.postgresql_bin / "postgres", "-D", self.data, "-k", self.sockets, "-p", "5432"],
            self.data,
            account,
            self.log,
        )
        if not wait_until(self._is_ready, self.process, seconds=120):
            reason = self._reason(offset)
            self.stop()
            raise EmbeddedError(f"PostgreSQL could not start on {self.data}: {reason} (log: {self.log})")
        self._ensure_database()

    def stop(self) -> None:
        if self.process:
            # Fast: clients are cut off, data is written. A throw-away server need not write.
            first = signal.SIGQUIT if self.throwaway else signal.SIGINT
            stop(self.process, (first, 60), (signal.SIGQUIT, 10))

    def _check_data(self) -> None:
        version = self.data / "PG_VERSION"
        if not version.exists():
            raise EmbeddedError(
                f"{self.data} is not a PostgreSQL data folder (PG_VERSION is missing). "
                "Bring it back from a backup, or move it away to start empty."
            )
        found = version.read_text().strip()
        if found != MAJOR:
            raise EmbeddedError(
                f"{self.data} was written by PostgreSQL {found}; this version of the portal brings {MAJOR}. "
                "See docs/operators/running.md, Moving the data."
            )

    def _initialise(self) -> None:
        partial = self.data.with_name("postgresql.partial")
        shutil.rmtree(partial, ignore_errors=True)
        make_folder(partial, 0o700, self.places.account)
        password_file = self.places.data / "superuser-password.partial"
        hand_over(password_file, self.super_password + "\n", self.places.account)
        try:
            result = subprocess.run(
                [
                    str(self.places.postgresql_bin / "initdb"),
                    f"--pgdata={partial}",
                    f"--username={SUPERUSER}",
                    f"--pwfile={password_file}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    # The same order and letter case on every machine, Cyrillic included.
                    "--locale=C",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--no-instructions",
                    *(["--no-sync"] if self.throwaway else []),
                ],
                cwd=self.places.data,
                env=environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                umask=0o077,
                **as_user(self.places.account),
            )
        finally:
            password_file.unlink(missing_ok=True)
        if result.returncode:
            lines = [line for line in result.stderr.splitlines() if "error" in line.lower()] or [
                how_it_ended(result.returncode)
            ]
            shutil.rmtree(partial, ignore_errors=True)
            raise EmbeddedError(f"PostgreSQL could not make its data folder {self.data}: {lines[0]}")
        hand_over(
            partial / "postgresql.conf",
            "include 'portal.conf'  # written anew at each start\n# Settings of your own go below.\n",
            self.places.account,
        )
        partial.rename(self.data)

    def _renew_passwords(self) -> None:
        """Give the roles the new passwords, while nothing runs; who may write to the data folder needs no old one."""
        statements = [
            f"ALTER ROLE {role} PASSWORD '{password}';"
            for role, password in ((SUPERUSER, self.super_password), (ROLE, self.password))
        ]
        subprocess.run(
            [str(self.places.postgresql_bin / "postgres"), "--single", "-D", str(self.data), "postgres"],
            input="\n".join(statements) + "\n",
            cwd=self.data,
            env=environment(),
            capture_output=True,
            text=True,
            umask=0o077,
            **as_user(self.places.account),
        )

    def _is_ready(self) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[7].strip() == "ready"

    def _ensure_database(self) -> None:
        """Make the portal's role and database, once. The portal itself is no superuser."""
        done = self.data / "portal-database-made"
        if done.exists():
            return
        import psycopg2
        from psycopg2 import sql

        connection = psycopg2.connect(
            host=str(self.sockets), port=5432, user=SUPERUSER, password=self.super_password, dbname="postgres"
        )
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE])
                verb = sql.SQL("ALTER" if cursor.fetchone() else "CREATE")
                cursor.execute(
                    sql.SQL("{} ROLE {} LOGIN CREATEDB PASSWORD {}").format(
                        verb, sql.Identifier(ROLE), sql.Literal(self.password)
                    )
                )
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
                if not cursor.fetchone():
                    cursor.execute(
                        sql.SQL("CREATE DATABASE {} OWNER {}").format(
                            sql.Identifier(DATABASE), sql.Identifier(ROLE)
                        )
                    )
        finally:
            connection.close()
        hand_over(done, "", self.places.account)

    def _rotate_log(self) -> None:
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))

    def _reason(self, offset: int) -> str:
        with open(self.log, errors="replace") as log:
            log.seek(offset)
            lines = log.read().splitlines()
        for word in ("FATAL:", "PANIC:", "ERROR:", "LOG:"):
            for line in lines:
                if word in line:
                    return line.split(word, 1)[1].strip()
        if lines:
            return lines[-1].strip()
        code = self.process.poll() if self.process else None
        return how_it_ended(code) if code is not None else "it did not answer within two minutes"
