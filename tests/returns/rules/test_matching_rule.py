from hypothesis import given
from hypothesis import strategies as st

from returns.rules.matching import Came, Part, Sold, match


def test_the_first_line_that_takes_it_all_else_several() -> None:
    sold = [Sold("a", 1, 1), Sold("b", 1, 3), Sold("c", 2, 9)]
    assert match([Came("x", 1, "Mug", 2)], sold, "T-1").parts == (Part("x", "b", 2),)
    assert match([Came("x", 1, "Mug", 4)], sold, "T-1").parts == (Part("x", "a", 1), Part("x", "b", 3))
    assert match([Came("x", 1, "Mug", 3), Came("y", 1, "Mug", 1)], sold, "T-1").parts == (
        Part("x", "b", 3), Part("y", "a", 1),
    )  # fmt: skip


def test_what_does_not_fit_refuses_the_whole_with_every_reason() -> None:
    found = match([Came("x", 1, "Mug", 2), Came("y", 7, "Lamp", 1), Came("z", 2, "Cup", 1)], [Sold("a", 1, 1), Sold("c", 2, 9)], "T-1")  # fmt: skip
    assert found.parts == () and [r.code for r in found.refusals] == ["more_than_sent", "not_in_order"]
    assert found.refusals[0].words == "Mug: 2 came, but of T-1 only 1 can still come back."
    spread = match([Came("x", 1, "Mug", 2, looked_at=1)], [Sold("a", 1, 1), Sold("b", 1, 1)], "T-1")
    assert [r.code for r in spread.refusals] == ["several_lines"]


@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(1, 4)), max_size=4),
    st.lists(st.tuples(st.integers(1, 3), st.integers(0, 4)), max_size=5),
)
def test_never_more_than_can_come_back(came: list[tuple[int, int]], sold: list[tuple[int, int]]) -> None:
    goods = [Came(("c", n), item, "x", q) for n, (item, q) in enumerate(came)]
    lines = [Sold(("s", n), item, left) for n, (item, left) in enumerate(sold)]
    found = match(goods, lines, "T")
    if found.refusals:
        assert not found.parts
        return
    for one in goods:
        assert sum(p.quantity for p in found.parts if p.came == one.key) == one.quantity
    for line in lines:
        mine = [p for p in found.parts if p.sold == line.key]
        assert sum(p.quantity for p in mine) <= line.left
        assert all({g.key: g.item for g in goods}[p.came] == line.item for p in mine)
