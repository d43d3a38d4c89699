"""Effects on the outside: exactly once, whatever is cut off in between."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.utils import timezone

from oms.core import effects
from oms.core.effects import Intent, Result
from oms.core.errors import Permanent, Retry
from oms.core.journal import NoTransaction
from oms.core.models import OutboundEffect

pytestmark = pytest.mark.django_db(transaction=True)


class Outside:
    """A partner that does what it is told, and may fail to say so."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.cut_after = 0
        self.refuse: Permanent | None = None
        self.recorded: list[str] = []
        self.failed: list[str] = []

    def perform(self, effect: OutboundEffect) -> Result:
        if self.refuse:
            raise self.refuse
        self.done.append(effect.key)
        if self.cut_after:
            self.cut_after -= 1
            raise Retry("the line was cut after it acted", after=0)
        return Result(f"remote-{effect.key}")

    def look(self, effect: OutboundEffect) -> Result | None:
        return Result(f"remote-{effect.key}") if effect.key in self.done else None

    def then(self, effect: OutboundEffect, result: Result) -> None:
        self.recorded.append(result.remote_id)

    def run(self) -> None:
        OutboundEffect.objects.filter(state__in=["pending", "sending"]).update(due_at=timezone.now())
        effects.run("test", look=self.look, perform=self.perform, then=self.then,
                    failed=lambda effect, error: self.failed.append(error.reason))  # fmt: skip


def wish(*keys: str, subject: str = "") -> None:
    with transaction.atomic():
        effects.intend([Intent("shop", "test", key, subject or key, key) for key in keys])


def test_a_wish_needs_the_transaction_of_its_change() -> None:
    with pytest.raises(NoTransaction):
        effects.intend([Intent("shop", "test", "a", "a", "a")])


def test_the_same_wish_twice_is_one_effect() -> None:
    outside = Outside()
    wish("a")
    wish("a")
    outside.run()
    outside.run()
    assert outside.done == ["a"] and outside.recorded == ["remote-a"]


def test_an_unknown_outcome_is_read_back_not_done_again() -> None:
    outside = Outside()
    outside.cut_after = 1
    wish("a")
    outside.run()
    assert outside.recorded == []
    outside.run()
    assert outside.done == ["a"] and outside.recorded == ["remote-a"]


def test_a_final_refusal_goes_to_a_person_who_may_try_again() -> None:
    outside = Outside()
    outside.refuse = Permanent("no_such_order")
    wish("a")
    outside.run()
    effect = OutboundEffect.objects.get()
    assert (effect.state, effect.reason, outside.failed) == ("failed", "no_such_order", ["no_such_order"])
    outside.refuse = None
    assert effects.again([effect.pk]) == 1
    outside.run()
    assert outside.done == ["a"]


def test_a_worker_that_was_overtaken_records_nothing() -> None:
    outside = Outside()
    wish("a")
    (stale,) = effects.claim("test")
    OutboundEffect.objects.update(leased_until=timezone.now())
    (fresh,) = effects.claim("test")
    then = {"look": outside.look, "perform": outside.perform, "then": outside.then}
    assert effects.carry_out(fresh, **then) == "confirmed"
    effects.carry_out(stale, **then)
    assert outside.recorded == ["remote-a"]


def test_effects_of_one_subject_go_one_after_the_other() -> None:
    wish("a", "b", subject="order:1")
    assert [e.key for e in effects.claim("test")] == ["a"]


def test_what_another_worker_took_over_while_we_were_busy_is_left_to_it() -> None:
    outside = Outside()
    wish("a", "b")
    first = outside.perform

    def slowly(effect: OutboundEffect) -> Result:
        OutboundEffect.objects.update(leased_until=timezone.now())
        assert [e.key for e in effects.claim("test")] == ["a", "b"], "another worker takes over"
        return first(effect)

    outside.perform = slowly  # type: ignore[method-assign]
    outside.run()
    assert outside.done == ["a"], "the second is begun by whoever has it"
    assert outside.recorded == [], "and the first is recorded by whoever has it, once it was read back"


def test_each_effect_of_a_batch_has_its_lease_from_when_it_is_begun() -> None:
    outside = Outside()
    wish("a", "b")
    until = []
    first = outside.perform

    def watch(effect: OutboundEffect) -> Result:
        until.append(OutboundEffect.objects.get(pk=effect.pk).leased_until)
        return first(effect)

    outside.perform = watch  # type: ignore[method-assign]
    outside.run()
    assert outside.done == ["a", "b"]
    assert until[0] < until[1]
