"""The Kayle ID stand-in as a backend that keeps its sessions in SQLite and has an administration API, as staging does."""

from __future__ import annotations

import hmac
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.reference_implementations import kayle
from tests.reference_implementations.kayle import FAILURES, HOUR, STATUSES, Kayle, Session

ADMIN_KEY = "admin-standin-0123456789"
# Times are seconds since the epoch.
_TABLE = """CREATE TABLE IF NOT EXISTS sessions (id TEXT PRIMARY KEY, status TEXT, failure_code TEXT, nfc_tries_used INTEGER,
    liveness_tries_used INTEGER, created_at REAL, updated_at REAL, completed_at REAL, request TEXT)"""
_COLUMNS = {"created": "created_at", "updated": "updated_at", "completed": "completed_at"}


class StoredKayle(Kayle):
    """The service over a database file: each request reads the row, and writes it where something was changed."""

    def __init__(self, database: Path, seed: int = 1) -> None:
        super().__init__(seed)
        self.database = database
        with self._connected() as db:
            db.execute(_TABLE)
        self.sessions = _Rows(self)  # type: ignore[assignment]

    def load(self, session_id: str) -> Session | None:
        """A session as its row says."""
        with self._connected() as db:
            row = db.execute("SELECT * FROM sessions WHERE id = ?", (session_id,)).fetchone()
        if row is None:
            return None
        stored = {name: row[column] for name, column in _COLUMNS.items()}
        tries = (row["nfc_tries_used"], row["liveness_tries_used"])
        return Session(
            id=row["id"],
            status=row["status"],
            failure_code=row["failure_code"],
            tries=tries,
            **stored,
            **json.loads(row["request"]),
        )

    def save(self, session: Session) -> None:
        """Writes a session's row."""
        values = asdict(session)
        columns = {"id", "status", "failure_code", "tries", *_COLUMNS}
        row: dict[str, Any] = {name: values[name] for name in ("id", "status", "failure_code")}
        row |= {column: values[name] for name, column in _COLUMNS.items()}
        row["nfc_tries_used"], row["liveness_tries_used"] = session.tries
        row["request"] = json.dumps({field.name: values[field.name] for field in fields(session) if field.name not in columns})
        with self._connected() as db:
            places = ", ".join("?" * len(row))
            db.execute(f"INSERT OR REPLACE INTO sessions ({', '.join(row)}) VALUES ({places})", tuple(row.values()))

    def ids(self) -> list[str]:
        """The ids of all sessions."""
        with self._connected() as db:
            return [row["id"] for row in db.execute("SELECT id FROM sessions")]

    def finish(self, session: Session, status: str, at: float) -> None:
        """Ends a session that has not ended, and writes what else was changed of it."""
        super().finish(session, status, at)
        self.save(session)

    def administer(self, session: Session, status: str) -> None:
        """Brings an open session into a state, with all that belongs to it."""
        if status == "expired":
            session.created -= HOUR
            self.finish(session, status, session.created + HOUR)
        elif status == "failed":
            session.failure_code, *tries = FAILURES[0]
            session.tries = (tries[0], tries[1])
            self.finish(session, status, time.time())
        elif status in ("succeeded", "cancelled"):
            self.finish(session, status, time.time())
        else:
            session.status = status
            self.save(session)

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.database)) as db, db:
            db.row_factory = sqlite3.Row
            yield db


class _Rows:
    """The sessions by id, as the stand-in keeps them in a dictionary."""

    def __init__(self, service: StoredKayle) -> None:
        self._service = service

    def get(self, session_id: str) -> Session | None:
        return self._service.load(session_id)

    def __setitem__(self, session_id: str, session: Session) -> None:
        self._service.save(session)

    def __iter__(self) -> Iterator[str]:
        return iter(self._service.ids())


def app(database: Path) -> Starlette:
    """The public API, and `PUT /admin/sessions/{id}/status` with an administrator's key."""
    service = StoredKayle(database)

    async def administer(request: Request) -> Response:
        if not hmac.compare_digest(request.headers.get("x-admin-key", ""), ADMIN_KEY):
            return Response(status_code=403)
        found, status = service.find(request.path_params["id"]), (await request.json()).get("status")
        if found is None or status not in STATUSES or found.completed is not None:
            return Response(status_code=409)
        service.administer(found, status)
        return Response(status_code=204)

    made = kayle.app(service=service)
    made.router.routes.append(Route("/admin/sessions/{id}/status", administer, methods=["PUT"]))
    return made
