"""What there is to know about Redis, quickly."""

from __future__ import annotations

from dataclasses import dataclass

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

SECONDS = 0.4  # to connect, and for each answer


@dataclass(frozen=True)
class RedisFacts:
    is_there: bool
    version: str = ""
    queued: int = 0  # tasks nobody has taken yet
    taken: int = 0  # tasks workers have in hand


def is_redis_there() -> bool:
    """Whether Redis answers. Asks the server itself, not the cache, which makes do without one."""
    try:
        with _client() as client:
            return bool(client.ping())
    except (redis.RedisError, OSError, ValueError):
        return False


def redis_facts() -> RedisFacts:
    try:
        with _client() as client:
            version = str(client.info("server")["redis_version"])
            return RedisFacts(True, version, int(client.llen("celery")), int(client.hlen("unacked")))
    except (redis.RedisError, OSError, ValueError):
        return RedisFacts(False)


def _client() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL or "redis://localhost:6379",
        socket_timeout=SECONDS,
        socket_connect_timeout=SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
