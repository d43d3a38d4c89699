"""What the ground floor audits: the seals, and that no event, delivery or effect is in between."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

from oms.core.audits import Check, register
from oms.core.seals import LEDGERS, Ledger, digest


def _seals(ledger: Ledger) -> str:
    fresh = digest(ledger, "c.previous", "c.first_id", "c.last_id")
    return f"""
        SELECT '{ledger.name}:' || c.first_id || '-' || c.last_id,
               CASE WHEN c.first_id <> c.expected
                    THEN format('{ledger.title} %%s to %%s: the seal before it is missing', c.first_id, c.last_id)
                    WHEN x.count <> c.rows
                    THEN format('{ledger.title} %%s to %%s: %%s rows were sealed on %%s, now there are %%s',
                                c.first_id, c.last_id, c.rows, c.at::date, x.count)
                    ELSE format('{ledger.title} %%s to %%s: not as they were sealed on %%s, or the seal is not',
                                c.first_id, c.last_id, c.at::date) END
          FROM (SELECT s.*, lag(s.digest, 1, '\\x{"00" * 32}'::bytea) OVER w AS previous,
                       lag(s.last_id, 1, 0::bigint) OVER w + 1 AS expected
                  FROM core_seal s WHERE s.ledger = '{ledger.name}' WINDOW w AS (ORDER BY s.last_id)) c
          CROSS JOIN LATERAL ({fresh}) x(count, digest)
         WHERE c.first_id <> c.expected OR x.count <> c.rows OR x.digest <> c.digest"""  # noqa: S608


# An event of a topic that had reactions before it must have gone to some; one that nobody takes up waits for ever.
_EVENTS = """
SELECT 'outboxevent:' || e.id,
       format('event %%s (%%s of %%s) of %%s went to no reaction, though earlier ones of its kind did',
              e.id, e.topic, e.subject, e.at::timestamp(0))
  FROM core_outboxevent e
 WHERE e.fanned_out_at > now() - %(keep)s
   AND NOT EXISTS (SELECT FROM core_delivery d WHERE d.event_id = e.id)
   AND EXISTS (SELECT FROM core_delivery d JOIN core_outboxevent f ON f.id = d.event_id
                WHERE f.topic = e.topic AND f.id < e.id)
UNION ALL
SELECT 'outboxevent:' || e.id,
       format('event %%s (%%s of %%s) has waited since %%s for the relay', e.id, e.topic, e.subject, e.at::timestamp(0))
  FROM core_outboxevent e WHERE e.fanned_out_at IS NULL AND e.at < now() - interval '1 hour'
UNION ALL
SELECT 'outboxevent:' || e.id, format('event %%s (%%s of %%s) has deliveries, and is marked as not yet handed out',
                                      e.id, e.topic, e.subject)
  FROM core_outboxevent e
 WHERE e.fanned_out_at IS NULL AND EXISTS (SELECT FROM core_delivery d WHERE d.event_id = e.id)
"""

_DELIVERIES = """
SELECT 'delivery:' || d.id,
       format('delivery %s of event %s to %s is %s, and %s when it was done', d.id, d.event_id, d.reaction, d.state,
              CASE WHEN d.done_at IS NULL THEN 'nothing says' ELSE 'yet it says' END)
  FROM core_delivery d WHERE (d.state = 'done') <> (d.done_at IS NOT NULL)
"""

_EFFECTS = """
SELECT 'outboundeffect:' || e.id,
       format('%s to %s for %s (message %s) is %s, and %s', e.kind, e.target, e.subject, e.id, e.state,
              CASE WHEN e.state = 'sending' THEN 'nobody holds it: it is never sent'
                   WHEN e.confirmed_at IS NULL THEN 'nothing says when it was confirmed'
                   ELSE 'yet it says when it was confirmed' END)
  FROM core_outboundeffect e
 WHERE (e.state = 'confirmed') <> (e.confirmed_at IS NOT NULL) OR (e.state = 'sending' AND e.leased_until IS NULL)
"""

register(
    Check(
        "core.seals", "the ledgers are as they were sealed", " UNION ALL ".join(map(_seals, LEDGERS)).replace("%%", "%")
    ),
    Check("core.events", "every event was handed to its reactions", _EVENTS, params={"keep": timedelta(days=settings.KEEP_DAYS["events"])}),
    Check("core.deliveries", "what was carried out says when", _DELIVERIES),
    Check("core.effects", "what was sent says when", _EFFECTS),
)  # fmt: skip
