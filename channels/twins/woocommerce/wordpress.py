"""WordPress's REST manners: how arguments are checked, how errors are worded, how JSON is written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from oms.twinkit.server import Response

DATE = re.compile(r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}(:\d{2})?)?$")


class RestError(Exception):
    """A WP_Error. ``data`` is usually ``{"status": n}``.

    WooCommerce sometimes gives a bare number in its place; then WordPress answers 500 whatever the number.
    """

    def __init__(self, code: str, message: str, status: int | None = 400, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data: Any = {"status": status} if data is None else data

    @property
    def body(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message, "data": self.data}

    @property
    def status(self) -> int:
        return int(self.data.get("status") or 500) if isinstance(self.data, dict) else 500


def encode(document: Any) -> bytes:
    """JSON as PHP writes it: ASCII only, every slash escaped. A slash stands only inside strings."""
    return json.dumps(document, separators=(",", ":")).replace("/", "\\/").encode()


def answer(document: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        status,
        encode(document),
        {
            "Content-Type": "application/json; charset=UTF-8",
            "X-Robots-Tag": "noindex",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-cache, must-revalidate, max-age=0, no-store, private",
            **(headers or {}),
        },
    )


def refuse(error: RestError) -> Response:
    return answer(error.body, error.status)


@dataclass(frozen=True)
class Arg:
    """One declared argument of a route."""

    type: str = "string"
    default: Any = None
    enum: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    required: bool = False
    date: bool = False


@dataclass
class Call:
    """A matched request: ids from the path, arguments from query and body, checked and with defaults."""

    method: str
    ids: dict[str, Any]
    given: dict[str, Any]
    args: dict[str, Any] = field(default_factory=dict)
    query: list[tuple[str, str]] = field(default_factory=list)
    home: str = ""

    def __getitem__(self, name: str) -> Any:
        return self.args.get(name)


def read(declared: Mapping[str, Arg], given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments, converted. Raises ``RestError`` naming every argument that is missing or wrong."""
    missing = [name for name, arg in declared.items() if arg.required and given.get(name) is None]
    if missing:
        raise RestError(
            "rest_missing_callback_param",
            f"Missing parameter(s): {', '.join(missing)}",
            data={"status": 400, "params": missing},
        )
    values: dict[str, Any] = dict(given)
    wrong: dict[str, tuple[str, str]] = {}
    for name, arg in declared.items():
        if given.get(name) is None:
            if arg.default is not None:
                values[name] = arg.default
            continue
        try:
            values[name] = convert(name, arg, given[name])
        except Invalid as problem:
            wrong[name] = (problem.code, str(problem))
    if wrong:
        raise RestError(
            "rest_invalid_param",
            f"Invalid parameter(s): {', '.join(wrong)}",
            data={
                "status": 400,
                "params": {name: words for name, (_, words) in wrong.items()},
                "details": {
                    name: {"code": code, "message": words, "data": None}
                    for name, (code, words) in wrong.items()
                },
            },
        )
    return values


class Invalid(ValueError):
    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


def convert(name: str, arg: Arg, value: Any) -> Any:
    """One value as its declared type. Raises ``Invalid``."""
    value = _typed(name, arg.type, value)
    if arg.date and not DATE.match(value):
        raise Invalid("rest_invalid_date", "Invalid date.")
    if arg.enum:
        for one in value if isinstance(value, list) else [value]:
            if one not in arg.enum:
                choices = ", ".join(arg.enum[:-1]) + f", and {arg.enum[-1]}"
                raise Invalid("rest_not_in_enum", f"{name} is not one of {choices}.")
    low, high = arg.minimum, arg.maximum
    if low is not None and high is not None and not low <= value <= high:
        words = f"{name} must be between {low} (inclusive) and {high} (inclusive)"
        raise Invalid("rest_out_of_bounds", words)
    if low is not None and high is None and value < low:
        raise Invalid("rest_out_of_bounds", f"{name} must be greater than or equal to {low}")
    return value


def _typed(name: str, kind: str, value: Any) -> Any:
    wrong = Invalid("rest_invalid_type", f"{name} is not of type {kind}.")
    match kind:
        case "integer":
            if isinstance(value, bool) or not re.fullmatch(r"\s*[+-]?\d+(\.0*)?\s*", str(value)):
                raise wrong
            return int(float(value))
        case "boolean":
            text = str(value).lower()
            if isinstance(value, list | dict) or text not in ("true", "false", "1", "0", ""):
                raise wrong
            return text in ("true", "1")
        case "string":
            if not isinstance(value, str):
                raise wrong
            return value
        case "strings" | "integers":
            items = (
                value
                if isinstance(value, list)
                else [part for part in re.split(r"[\s,]+", str(value)) if part]
            )
            if kind == "integers":
                return [_typed(f"{name}[{place}]", "integer", item) for place, item in enumerate(items)]
            if not all(isinstance(item, str) for item in items):
                raise Invalid("rest_invalid_type", f"{name} is not of type array.")
            return items
        case "array":
            if not isinstance(value, list):
                raise wrong
            return value
        case "object":
            if not isinstance(value, dict):
                raise wrong
            return value
    return value


def check_meta(given: Any) -> None:
    """``meta_data`` must be a list of objects with a key."""
    for item in given or []:
        if not isinstance(item, dict) or not isinstance(item.get("key"), str):
            words = "meta_data[0] is not of type object."
            raise RestError(
                "rest_invalid_param",
                "Invalid parameter(s): meta_data",
                data={"status": 400, "params": {"meta_data": words}},
            )
