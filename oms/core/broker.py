"""How much waits at the broker. Its messages are nudges, so a few of them say all that many would."""

from __future__ import annotations

from typing import Any

from celery import Celery

# So many messages that wait mean that no worker comes after them. Whoever does will look everywhere; more of them would
# only keep him from what is new by then, since each that is out of date must still be taken and laid aside.
ENOUGH = 100


def enough_wait(app: Celery, producer: Any) -> bool:
    """Whether nobody needs to add to what waits in our queue. Raises what the broker's client does where it does not
    answer. A RabbitMQ is not asked: it forgets by itself what is out of date, and one that is short of memory would keep
    us waiting for its answer."""
    if not app.conf.broker_url.startswith("redis"):
        return False
    queue = app.amqp.queues[app.conf.task_default_queue].bind(producer.channel)
    return bool(queue.queue_declare().message_count >= ENOUGH)
