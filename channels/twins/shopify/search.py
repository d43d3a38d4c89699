"""Shopify's search syntax: ``updated_at:>='2026-07-01T00:00:00Z' AND -status:cancelled sku:A*``.

Terms are ``field:value`` with an optional comparator, joined by AND (also a mere space), OR, NOT (also
``-``) and parentheses. An unknown field is ignored and warned of, as Shopify does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

Doc = dict[str, Any]
Test = Callable[[Any], bool]
Getter = Callable[[Any], Any]

TOKEN = re.compile(
    r"""\s*(?:
      (?P<open>\() | (?P<close>\)) |
      (?P<minus>-)?(?P<field>[A-Za-z_][\w.]*):\s*(?P<sign>>=|<=|>|<)?\s*(?P<value>"[^"]*"|'[^']*'|[^\s()]+) |
      (?P<word>"[^"]*"|'[^']*'|[^\s()]+)
    )""",
    re.VERBOSE,
)
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
}


@dataclass(frozen=True)
class Field:
    """``kind`` is text, time, id or number; ``get`` gives the value or a list of values."""

    kind: str
    get: Getter


@dataclass
class Search:
    test: Test
    warnings: list[dict[str, str]] = field(default_factory=list)
    query: str = ""


@lru_cache(maxsize=4096)
def time_of(value: str) -> datetime | None:
    if value == "now":
        return datetime.now(UTC)
    try:
        when = datetime.fromisoformat(value)
    except ValueError:
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def compile_search(query: str, fields: Mapping[str, Field], default: Getter) -> Search:
    """``default`` gives the text that words without a field are looked for in."""
    search = Search(lambda _: True, query=query)
    tokens = [found.groupdict() for found in TOKEN.finditer(query)]
    if tokens:
        search.test = _Parser(tokens, fields, default, search.warnings).either()
    return search


class _Parser:
    def __init__(
        self,
        tokens: list[dict[str, str | None]],
        fields: Mapping[str, Field],
        default: Getter,
        warnings: list[Any],
    ) -> None:
        self.tokens = tokens
        self.fields = fields
        self.default = default
        self.warnings = warnings

    def _word(self) -> str | None:
        return self.tokens[0]["word"] if self.tokens else None

    def either(self) -> Test:
        tests = [self.both()]
        while self._word() == "OR":
            self.tokens.pop(0)
            tests.append(self.both())
        return tests[0] if len(tests) == 1 else lambda doc: any(test(doc) for test in tests)

    def both(self) -> Test:
        tests: list[Test] = []
        while self.tokens and self._word() != "OR" and not self.tokens[0]["close"]:
            if self._word() == "AND":
                self.tokens.pop(0)
                continue
            tests.append(self.one())
        return lambda doc: all(test(doc) for test in tests)

    def one(self) -> Test:
        token = self.tokens.pop(0)
        if token["word"] == "NOT" and self.tokens:
            inner = self.one()
            return lambda doc: not inner(doc)
        if token["open"]:
            inner = self.either()
            if self.tokens and self.tokens[0]["close"]:
                self.tokens.pop(0)
            return inner
        if token["field"]:
            test = self.term(token["field"], token["sign"] or "", _bare(token["value"] or ""))
            return (lambda doc: not test(doc)) if token["minus"] else test
        text = _bare(token["word"] or "").lower()
        return lambda doc: text in str(self.default(doc)).lower()

    def term(self, name: str, sign: str, value: str) -> Test:
        known = self.fields.get(name)
        if known is None:
            self.warnings.append({"field": name, "message": "Invalid search field for this query."})
            return lambda _: True
        wanted = [
            _typed(known.kind, part) for part in ([value] if known.kind == "time" else value.split(","))
        ]
        if any(part is None for part in wanted):
            self.warnings.append({"field": name, "message": f"Input `{value}` is not a valid {known.kind}."})
            return lambda _: True

        def test(doc: Doc) -> bool:
            found = known.get(doc)
            for one in found if isinstance(found, list | tuple | set) else (found,):
                if one is None:
                    continue
                have = _typed(known.kind, str(one))
                if have is not None and any(_matches(known.kind, sign, have, part) for part in wanted):
                    return True
            return False

        return test


def _bare(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value


def _typed(kind: str, value: str) -> Any:
    match kind:
        case "time":
            return time_of(value)
        case "id":
            digits = value.rpartition("/")[2]
            return int(digits) if digits.isdigit() else None
        case "number":
            try:
                return float(value)
            except ValueError:
                return None
        case _:
            return value.lower()


def _matches(kind: str, sign: str, have: Any, wanted: Any) -> bool:
    if sign:
        return COMPARE[sign](have, wanted)
    if kind == "text" and wanted.endswith("*"):
        return bool(have.startswith(wanted[:-1]))
    return bool(have == wanted)
