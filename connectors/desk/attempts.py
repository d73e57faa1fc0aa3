"""How often somebody may try to sign in: a moving window for each login and each address."""

import time

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

# Far below the 100 tries of NIST SP 800-63B (5.2.2); a mistyping advocate is not locked out for long.
PER_LOGIN = parse("5 per 5 minutes")
PER_ADDRESS = parse("30 per 5 minutes")


class Attempts:
    """Counts the tries of this process."""

    def __init__(self) -> None:
        self._storage = MemoryStorage()
        self._limiter = MovingWindowRateLimiter(self._storage)

    def wait(self, login: str, address: str) -> int:
        """Counts a try; the seconds until the next one is allowed, 0 when this one is."""
        waits = [self._wait(PER_ADDRESS, "address", address), self._wait(PER_LOGIN, "login", login.casefold())]
        return max(waits)

    def _wait(self, limit: RateLimitItem, *who: str) -> int:
        if self._limiter.hit(limit, *who):
            return 0
        reset, _remaining = self._limiter.get_window_stats(limit, *who)
        return max(1, round(reset - time.time()))

    def forget(self, login: str) -> None:
        """A right password: the login's earlier tries no longer count."""
        self._limiter.clear(PER_LOGIN, "login", login.casefold())
