"""A client of Redis, alone or as a cluster: scripts by their digest, a time-out on every call, errors as sentences."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import random
import time
from collections.abc import AsyncIterator, Awaitable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from redis import asyncio as client
from redis import exceptions
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.maint_notifications import MaintNotificationsConfig

from specimen.mockserver.errors import SettingError
from specimen.mockserver.sessions.store import NamespaceChanged, Space, StoreFull, StoreUnavailable, TurnLost
from specimen.mockserver.sessions.store.redis.client.errors import CALL_SECONDS, LOST, SILENT, is_no_primary, sentence
from specimen.mockserver.sessions.store.redis.client.pipelining import Pipelining, Unsupported, pipelined

logger = logging.getLogger("specimen")

_CONNECTIONS = 64
# For how long connections to a server that is the primary no more stay where new ones reach the same server.
_LEAST_STAY_SECONDS = 1.0
# Processes mark every few seconds which namespaces they use; an end must not come before a mark that is late.
LEAST_EXPIRE_SECONDS = 60
# Notices of maintenance, of a hosting service, would keep redis-py from seeing that a pooled connection was closed meanwhile.
_OPTIONS: Mapping[str, Any] = {
    "protocol": 2,
    "socket_connect_timeout": CALL_SECONDS,
    "maint_notifications_config": MaintNotificationsConfig(enabled=False),
}

# What the query of a URL may have, beside redis-py's names for TLS. Others would change what answers look like.
_QUERY = ("prefix", "expire", "client_name")

# What every script begins with. N is the key of the namespace, S that of the space, with which the keys of its parts begin: all
# have one hash tag, so all are on one node of a cluster, and a script sees them together. ARGV[1] is the stamp of the namespace's
# document that the caller has read (`*`: none); ARGV[2], in scripts that write, is 1 where the space may be new.
_PRELUDE = """
local N, S = KEYS[1], KEYS[2]
if ARGV[1] ~= '*' and (redis.call('HGET', N, 'stamp') or '') ~= ARGV[1] then return redis.error_reply('CHANGED') end
"""
_WRITES = """
if ARGV[2] == '1' then redis.call('HSET', N, 'p:' .. S, '')
elseif redis.call('HEXISTS', N, 'p:' .. S) == 0 then return redis.error_reply('UNKNOWN') end
"""


@lru_cache(maxsize=16_384)
def _quoted(name: str) -> str:
    return quote(name, safe="")


class Script:
    """A Lua script; its own arguments begin with ARGV[3]."""

    def __init__(self, text: str, *, writes: bool = False) -> None:
        self.text = _PRELUDE + (_WRITES if writes else "") + text
        self.writes = writes
        self.digest = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()


class UnknownSpace(Exception):
    """A script would write into a space that is not registered."""


class Connection:
    """The connections of one process to a server or a cluster, and the names of keys.

    `url` is `redis://` or `rediss://` (TLS), with user and password, and a query: `prefix` begins every key, after `expire`
    seconds a namespace that nobody used is ended (None: never), the rest is redis-py's (`ssl_ca_certs=…`). `round_trips`
    counts answers that were waited for.

    Raises:
        SettingError: the URL is none, or its query has an unknown name.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        unknown = [name for name in query if name not in _QUERY and not name.startswith("ssl_")]
        if unknown or parts.fragment:
            raise SettingError(f"store: the query of its URL has names that are unknown. Expected {', '.join(_QUERY)} and ssl_….")
        if parts.path.strip("/") and not (parts.path[1:].isascii() and parts.path[1:].isdigit()):
            raise SettingError(f"store {parts.scheme}://…: expected the number of a database behind the host, such as /0.")
        self.prefix = query.pop("prefix", "specimen:")
        if not self.prefix:
            raise SettingError(
                "store: the prefix is empty. Expected what each key begins with; `specimen:` where it is left out."
            )
        self.round_trips = 0
        expire = query.pop("expire", None)
        if expire is not None and not (expire.isascii() and expire.isdigit() and int(expire) >= LEAST_EXPIRE_SECONDS):
            raise SettingError(f"store: expire '{expire}': expected whole seconds, {LEAST_EXPIRE_SECONDS} or more.")
        self.expire_seconds = None if expire is None else int(expire)
        try:
            port = parts.port or 6379
            self.name = f"{parts.scheme}://{parts.hostname or 'localhost'}:{port}"
            self._options: dict[str, Any] = dict(parse_url(urlunsplit(parts._replace(query=urlencode(query)))))
            if "{" in self.prefix or "}" in self.prefix:
                raise SettingError(
                    f"store {self.name}: the prefix '{self.prefix}' has a brace, which Redis Cluster gives a meaning."
                )
            self._pool = self._made_pool()
        except (ValueError, TypeError):
            # redis-py's message may show the URL's password.
            raise SettingError(
                "store: it is no URL of Redis. Expected redis://[user:password@]host[:port][/database][?prefix=…], or rediss://…"
            ) from None
        self._client: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_single = False
        self._scripts: Pipelining | None = None
        self._connecting: asyncio.Task[Pipelining] | None = None
        self._left_at = -_LEAST_STAY_SECONDS
        self.next_node = 0  # of a cluster, for messages

    def _made_pool(self) -> client.BlockingConnectionPool:
        options = {"connection_class": client.Connection, **_OPTIONS, **self._options}
        pool = client.BlockingConnectionPool(
            max_connections=_CONNECTIONS, timeout=CALL_SECONDS, retry=Retry(NoBackoff(), 0), **options
        )
        pool.make_connection()  # type: ignore[no-untyped-call]  # it is untyped; what the query names and redis-py does not know shows here
        return pool

    async def open(self) -> None:
        """Connects, to the whole cluster where the server is a node of one.

        Raises:
            StoreUnavailable: it cannot.
        """
        loop = asyncio.get_running_loop()
        if self._loop not in (None, loop):
            self._pool = self._made_pool()  # the connections of another loop end with it
            self._scripts = self._connecting = None
        self._loop = loop
        single = client.Redis(connection_pool=self._pool)
        try:
            async with self._as_sentences():
                found = await single.info("cluster")
        except StoreUnavailable as error:
            # A server without TLS takes the first bytes of TLS for the beginning of a command, and waits for its end; one with
            # TLS ends a connection that does not begin with it.
            is_tls = self._options.get("connection_class") is client.SSLConnection
            if is_tls and str(error).endswith(SILENT):
                raise StoreUnavailable(f"{error} If it speaks no TLS on this port, use redis://.") from None
            if not is_tls and str(error).endswith(LOST):
                raise StoreUnavailable(f"{error} If it speaks TLS on this port, use rediss://.") from None
            raise
        self._is_single = not int(found.get("cluster_enabled", 0))
        if self._is_single:
            self._client = single
            return
        known = {"host", "port", "username", "password"}
        options = {name: value for name, value in self._options.items() if name in known or name.startswith("ssl_")}
        is_tls = self._options.get("connection_class") is client.SSLConnection
        cluster = client.RedisCluster(
            **options, **_OPTIONS, ssl=is_tls, max_connections=_CONNECTIONS, retry=Retry(NoBackoff(), 1)
        )
        async with self._as_sentences():
            await cluster.initialize()
        self._client = cluster
        self.next_node = random.randrange(self.nodes)

    async def close(self) -> None:
        """Closes all connections."""
        if self._scripts is not None:
            self._scripts.close()
            self._scripts = None
        if self._client is not None:
            await self._client.aclose()
        await self._pool.disconnect()
        self._client = None

    async def run(self, script: Script, space: Space, stamp: str, *arguments: Any, may_be_new: bool = False) -> Any:
        """What a script gives, in one round trip; one more where the server does not know it yet.

        Raises:
            NamespaceChanged: the document of the namespace has another stamp.
            UnknownSpace: the script writes, and the space is not registered.
            StoreFull, TurnLost, KeyError: the script says so.
        """
        sent = (2, self.namespace_key(space.namespace), self.space_key(space), stamp, "1" if may_be_new else "0", *arguments)
        self.round_trips += 1
        try:
            try:
                return await self._sent("EVALSHA", script.digest, *sent)
            except exceptions.NoScriptError:
                self.round_trips += 1
                return await self._sent("EVAL", script.text, *sent)
        except (exceptions.RedisError, OSError, TimeoutError) as error:
            found = sentence(error)
            if found is not None:
                await self._leave_replica(error)
                # Without the error itself, whose text or arguments may hold what a caller sent.
                raise StoreUnavailable(f"store {self.name}: {found}") from None
            code, _, rest = str(error).partition(" ")
        if code == "CHANGED":
            raise NamespaceChanged(space.namespace)
        if code == "UNKNOWN":
            raise UnknownSpace(space)
        if code == "FULL":
            name, _, most = rest.partition(" ")
            raise StoreFull(name, int(most or 0))
        if code == "LOST":
            raise TurnLost(space.namespace)
        raise KeyError(rest)

    async def _sent(self, *parts: Any) -> Any:
        """What a script's command gives, over the connection of all scripts, or where there is none by redis-py."""
        if (open_one := self._scripts) is None or open_one.is_closed:
            client = self._connected()
            open_one = await self._pipelining() if self._is_single else None
            if open_one is None:
                async with asyncio.timeout(CALL_SECONDS):
                    return await unless_cancelled(client.execute_command(*parts))
        return await open_one.send(parts)

    async def _pipelining(self) -> Pipelining | None:
        """A new connection for scripts, which all that wait for one share; None where redis-py shows no transport."""
        if self._connecting is None:
            self._connecting = asyncio.ensure_future(pipelined(self._pool, CALL_SECONDS))
            self._connecting.add_done_callback(self._connected_anew)
        try:
            return await asyncio.shield(self._connecting)
        except Unsupported:
            self._is_single = False
            logger.warning("This redis-py shows no transport; each command takes a connection of its pool, which costs more CPU.")
            return None

    def _connected_anew(self, done: asyncio.Task[Pipelining]) -> None:
        self._connecting = None
        if not done.cancelled() and done.exception() is None:
            self._scripts = done.result()

    async def command(self, *parts: Any) -> Any:
        """What a command gives."""
        async with self._as_sentences():
            self.round_trips += 1
            return await unless_cancelled(self._connected().execute_command(*parts))

    @property
    def nodes(self) -> int:
        """How many servers there are."""
        return len(self._client.get_nodes()) if isinstance(self._client, client.RedisCluster) else 1

    def subscriber(self) -> Any:
        """A connection for messages, which all nodes of a cluster pass on: each call takes its next node, as one may be gone.

        It is not connected anew where it is lost: redis-py would do so in whichever task sends or reads, in two at once.
        """
        options = {"connection_class": client.Connection, **_OPTIONS, **self._options}
        if isinstance(self._client, client.RedisCluster):
            nodes = self._client.get_nodes()
            node = nodes[self.next_node % len(nodes)]
            self.next_node += 1
            options |= {"host": node.host, "port": node.port}
        pool = client.ConnectionPool(max_connections=1, retry=Retry(NoBackoff(), 0, supported_errors=()), **options)
        return client.Redis(connection_pool=pool).pubsub()

    async def _leave_replica(self, error: BaseException) -> None:
        """Ends all connections where the server behind them is the primary no more: new ones may reach the one that is now.

        An address that stays the same (of a hosting service, of a balancer) leads to it after a failover, but for the connections
        that there are, which the old primary keeps open.
        """
        now = time.monotonic()
        if not is_no_primary(error) or now - self._left_at < _LEAST_STAY_SECONDS:
            return
        self._left_at = now
        if self._scripts is not None:
            self._scripts.close()
            self._scripts = None
        with contextlib.suppress(exceptions.RedisError, OSError):
            await self._pool.disconnect()

    def namespace_key(self, name: str) -> str:
        """The key of a namespace; what is in the braces decides the node."""
        return f"{self.prefix}{{n:{_quoted(name)}}}"

    def space_key(self, space: Space) -> str:
        """The beginning of the keys of a space."""
        return f"{self.namespace_key(space.namespace)}:{_quoted(space.provider)}:"

    def space_of(self, key: str) -> Space:
        """The space whose keys begin with what `space_key` gives."""
        namespace, _, provider = key.removeprefix(f"{self.prefix}{{n:").partition("}:")
        return Space(unquote(namespace), unquote(provider.removesuffix(":")))

    def prepared_key(self, space: Space, own: str) -> str:
        """The beginning of the keys of what is to take a space's place, on its node; `own` is a name that nobody else has."""
        return f"{self.namespace_key(space.namespace)}+{own}:{_quoted(space.provider)}:"

    def _connected(self) -> Any:
        if self._client is None:
            raise StoreUnavailable(f"store {self.name}: it is not open.")
        return self._client

    @contextlib.asynccontextmanager
    async def _as_sentences(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(CALL_SECONDS):
                yield
        except (exceptions.RedisError, OSError, TimeoutError) as error:
            found = sentence(error) or "it answered with an error."
            await self._leave_replica(error)
            # Without the error itself, whose text or arguments may hold what a caller sent.
            raise StoreUnavailable(f"store {self.name}: {found}") from None


async def unless_cancelled(answer: Awaitable[Any]) -> Any:
    """What a call of redis-py gives.

    Its cluster client can lose a cancellation: it sends from a task of its own, takes what that one raises for a lost connection,
    and asks again. Who waits for a lock would then wait on, and who cancelled it too.

    Raises:
        asyncio.CancelledError: this task was cancelled meanwhile, whatever redis-py made of it.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task is not None else 0
    try:
        return await answer
    finally:
        if task is not None and task.cancelling() > before:
            raise asyncio.CancelledError
