"""Reading a request to the API: its operation and variables, or why it is refused."""

from __future__ import annotations

import json

from channels.twins.shopify.books import Doc
from channels.twins.shopify.compiler import Compiled, Compiler, Operation
from oms.twinkit.server import Request, Response


class Asked:
    """A request to the API, read once: its operation and variables, or the response that refuses it."""

    def __init__(self, compiler: Compiler, request: Request) -> None:
        self.refusal: Response | None = None
        self.compiled: Compiled | None = None
        self.operation: Operation | None = None
        self.variables: Doc = {}
        query = self._read(request)
        if query is None:
            return
        self.compiled = compiler.compile(query)
        self.operation = self.compiled.pick(self.operation_name)

    def _read(self, request: Request) -> str | None:
        self.operation_name: str | None = None
        kind = (request.headers.get("Content-Type") or "").split(";")[0].strip().lower()
        if kind == "application/graphql":
            return request.body.decode(errors="replace")
        if kind != "application/json":
            self.refusal = Response(400, {"errors": {"query": "Required parameter missing or invalid"}})
            return None
        try:
            given = json.loads(request.body)
        except ValueError as error:
            self.refusal = Response(400, {"errors": f"Bad Request: {error}"})
            return None
        if (
            not isinstance(given, dict)
            or not isinstance(given.get("query"), str)
            or not given["query"].strip()
        ):
            self.refusal = Response(400, {"errors": {"query": "Required parameter missing or invalid"}})
            return None
        variables = given.get("variables") or {}
        if not isinstance(variables, dict):
            self.refusal = Response(400, {"errors": {"variables": "Required parameter missing or invalid"}})
            return None
        self.variables = variables
        self.operation_name = given.get("operationName") or None
        return str(given["query"])

    @property
    def step(self) -> str:
        return self.operation.name if self.operation else "graphql"
