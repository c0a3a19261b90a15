"""What an API process keeps between requests: batcher, board, and their one subscription."""

from domain.settings import Settings
from domain.store import keys
from domain.store.connections import Store
from web.batching import Batcher
from web.board import Board
from web.queue_age import QueueAge
from web.submitter import Submitter
from web.subscriber import Subscriber
from workers import metrics
from workers.pipeline import publish_quickly, submit_batch


class Runtime:
    """Starts its threads when made; `close` ends them in the order that loses nobody's answer."""

    def __init__(self, settings: Settings, store: Store):
        publish_quickly()
        self.board = Board(store)
        self.queue_age = QueueAge(store, most_seconds=settings.max_queue_age_seconds)
        self._submitter = Submitter(submit_batch)
        self.batcher = Batcher(
            settings,
            store,
            self._submitter.submit,
            is_overdue=lambda: self.queue_age.is_overdue,
            observe_batch=metrics.batch_actions.observe,
        )
        self._subscriber = Subscriber(
            store.redis,
            {
                keys.replies(self.batcher.origin): self.batcher.flights.land,
                keys.bus_channel(): self.board.hear,
            },
            on_connected=self.board.connect,
            on_lost=self.board.lose,
        )
        self.queue_age.start()
        self._subscriber.start()

    def close(self) -> None:
        """Commit what is queued, hear its replies, then stop every thread."""
        self.batcher.close()
        self._submitter.close()
        self._subscriber.stop()
        self.queue_age.stop()
