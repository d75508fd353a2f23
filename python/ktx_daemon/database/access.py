"""`/database/access`: whether the role of a connection could write, and how to make one that only reads.

The guard and the read-only session protect every connection. A role that cannot write anyway is the layer under
them that belongs to the database's owner.
"""

from typing import Any

from ktx_daemon.cancellation import Cancellation
from ktx_daemon.database.driver import DatabaseRequest, driver_named

APPLICATION = "ktx-daemon-database-access"


class Request(DatabaseRequest):
    """Which connection to look at."""

    schemas: list[str] | None = None


def respond(request: Request, cancellation: Cancellation) -> dict[str, Any]:
    """Ask the database what the role may do."""
    driver = driver_named(request.driver, "database access")
    schemas = driver.default_schemas(request) if request.schemas is None else request.schemas
    with driver.session(request, cancellation, application=APPLICATION) as session:
        return {"connection_id": request.connection_id, **session.access(schemas)}
