"""A store in Redis, for any number of machines."""

from __future__ import annotations

from specimen.mockserver.sessions.store.redis.store import RedisStore

__all__ = ["RedisStore"]
