"""The cache, such that a Redis that is down stops nobody from working or signing in."""

from __future__ import annotations

import logging
import time
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

PAUSE = 5.0  # seconds during which a Redis that failed is not asked again, so that pages stay quick

_down_until = 0.0  # of this process; time.monotonic()


class SteadyRedisCache(RedisCache):
    """Redis; while that cannot be reached, the memory of this process.

    What is only in a cache may be lost at any time anyway. Attempts to sign in stay limited meanwhile, by each
    process for itself. Whoever wants to know whether Redis is there must not ask this class.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        memory = {key: value for key, value in params.items() if key != "OPTIONS"}
        self._memory = LocMemCache("while redis is down", {**memory, "OPTIONS": {"MAX_ENTRIES": 10_000}})

    def _either(self, method: str, *args: Any, **kwargs: Any) -> Any:
        global _down_until
        if time.monotonic() >= _down_until:
            try:
                return getattr(super(), method)(*args, **kwargs)
            except RedisError as error:
                _down_until = time.monotonic() + PAUSE
                logger.warning("Redis does not answer (%s): caching in memory", error)
        return getattr(self._memory, method)(*args, **kwargs)

    def add(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._either("add", *args, **kwargs))

    def get(self, *args: Any, **kwargs: Any) -> Any:
        return self._either("get", *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> None:
        self._either("set", *args, **kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._either("touch", *args, **kwargs))

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._either("delete", *args, **kwargs))

    def get_many(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        result: dict[Any, Any] = self._either("get_many", *args, **kwargs)
        return result

    def has_key(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._either("has_key", *args, **kwargs))

    def incr(self, *args: Any, **kwargs: Any) -> int:
        return int(self._either("incr", *args, **kwargs))

    def set_many(self, *args: Any, **kwargs: Any) -> list[Any]:
        return list(self._either("set_many", *args, **kwargs) or [])

    def delete_many(self, *args: Any, **kwargs: Any) -> None:
        self._either("delete_many", *args, **kwargs)

    def clear(self) -> None:
        self._either("clear")
