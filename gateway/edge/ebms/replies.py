"""Posts what we owe over ebMS: signals that were not answered at once, and application receipts, until they arrive."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from gateway.core.errors import ChannelError, Rejected, Unacknowledged
from gateway.edge.delivery.terms import Retry, Terms
from gateway.edge.ebms.channel import Post, exchange
from gateway.edge.ebms.intake import OWED
from gateway.edge.ebms.msh import Msh
from gateway.edge.keys import Unreadable, Vault
from gateway.edge.store.database import Database
from gateway.edge.store.ebms import ANY_DUE, CLAIM_OWED, SETTLE, Owed, Settled
from gateway.edge.store.writer import Probe, no_probe

BATCH: Final = 16
LEASE: Final = 60.0
"""Seconds that a posting is held; longer than one attempt may take."""
SIGNALS: Final = Retry()

log = structlog.get_logger(__name__)


class Replies:
    """A stage beside the workers. `posts` gives the way to a party; a signal that is taken over HTTP has arrived."""

    def __init__(
        self,
        mshs: Mapping[str, Msh],
        posts: Callable[[str], Post | None],
        terms: Callable[[str], Terms],
        store: tuple[Database, Vault],
        probe: Probe = no_probe,
        lease: float = LEASE,
    ) -> None:
        self._mshs, self._posts, self._terms = mshs, posts, terms
        (self._database, self._vault), self._probe, self._lease = store, probe, lease

    async def post_some(self) -> int:
        """Post what is due; give how much it was. Raises `Busy`."""
        if not self._mshs or not await asyncio.to_thread(self._database.rows_now, ANY_DUE):
            return 0
        owed = await self._database.write(CLAIM_OWED, (BATCH, self._lease))
        await asyncio.gather(*map(self._post, owed))
        return len(owed)

    async def _post(self, owed: Owed) -> None:
        try:
            await self._send(owed)
        except Unacknowledged as error:
            settled = Settled(owed) if owed.signal else self._failed(owed, error)
        except ChannelError as error:
            settled = self._failed(owed, error)
        except Unreadable as error:
            settled = Settled(owed, reason=type(error).__name__.lower())
        else:
            settled = Settled(owed)
        self._probe("replies.before-settle")
        await self._database.write(SETTLE, settled)

    async def _send(self, owed: Owed) -> None:
        msh, http = self._mshs.get(owed.party), self._posts(owed.party)
        if msh is None or http is None:
            raise Rejected("no channel leads to this party any more")
        body = self._vault.open(OWED, owed.id, owed.body, owed.wrapped)
        self._probe("replies.before-post")
        await exchange(msh, http, owed.id, (owed.media_type, body))

    def _failed(self, owed: Owed, error: ChannelError) -> Settled:
        retry = SIGNALS if owed.signal else self._terms(owed.party).retry
        wait = retry.after(owed.attempts, owed.age, error)
        if wait is None:
            log.warning("ebms-given-up", party=owed.party, signal=owed.signal, error=type(error).__name__)
            return Settled(owed, reason=type(error).__name__.lower())
        return Settled(owed, again_in=wait)
