"""A PostgreSQL and a Valkey of one's own, to be stopped in any way and started again."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cxportal.embedded import places as where
from cxportal.embedded.postgresql import PostgreSQL
from cxportal.embedded.process import stop
from cxportal.embedded.valkey import Valkey


class House:
    """The embedded servers without their keeper, which would end both as soon as one ends."""

    def __init__(self, home: Path, *, with_valkey: bool = True) -> None:
        self.home = home
        self.places = where.settle(where.open_home(home), print)
        sockets = where.socket_folder(self.places)
        # As in an installation: what a commit said is on the disk, also after an immediate stop.
        self.postgresql = PostgreSQL(self.places, sockets, throwaway=False)
        self.valkey = Valkey(self.places, sockets, throwaway=True) if with_valkey else None

    def start(self) -> None:
        self.postgresql.start()
        if self.valkey:
            self.valkey.start()

    def stop_database_immediately(self) -> None:
        """`pg_ctl stop -m immediate`: every session ends where it is, and the next start recovers from the log."""
        assert self.postgresql.process
        self.postgresql.process.send_signal(signal.SIGQUIT)
        self.postgresql.process.wait(30)

    def start_database(self) -> None:
        self.postgresql.start()

    def kill_valkey(self) -> None:
        assert self.valkey
        assert self.valkey.process
        self.valkey.process.kill()
        self.valkey.process.wait(10)

    @contextmanager
    def valkey_frozen(self) -> Iterator[None]:
        assert self.valkey
        assert self.valkey.process
        self.valkey.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.valkey.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self.valkey and self.valkey.process:
            stop(self.valkey.process, (signal.SIGTERM, 10))
        if self.postgresql.process:
            stop(self.postgresql.process, (signal.SIGQUIT, 20))
        where.remove_socket_folder(self.places)


@contextmanager
def a_house(*, with_valkey: bool = True) -> Iterator[House]:
    """In a folder in /tmp that is gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="cxp-storm-", dir="/tmp"))
    if os.geteuid() == 0:
        home.chmod(0o711)  # passed through by the user the servers run as
    house = House(home, with_valkey=with_valkey)
    try:
        house.start()
        yield house
    finally:
        house.stop()
        shutil.rmtree(home, ignore_errors=True)
