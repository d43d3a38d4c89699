"""Documents, parsed and checked once: a client sends the same few again and again."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    StringValueNode,
    VariableNode,
    build_schema,
    parse,
    print_ast,
    type_from_ast,
    validate,
)
from graphql.pyutils import Undefined
from graphql.utilities import validate_input_value

from channels.twins.shopify import complaints, cost
from channels.twins.shopify.scalars import give_scalars

KEPT = 500


@dataclass
class Operation:
    """A checked operation. ``roots`` are its fields; ``keys`` their idempotency keys (literal or variable)."""

    node: OperationDefinitionNode
    plan: list[cost.Step]
    roots: list[FieldNode]

    @property
    def name(self) -> str:
        return self.node.name.value if self.node.name else self.roots[0].name.value

    @property
    def is_query(self) -> bool:
        return self.node.operation is OperationType.QUERY

    def cost(self, rule: str, variables: dict[str, Any]) -> int:
        return round(sum(step.requested(rule, variables) for step in self.plan))

    def actual(self, rule: str, data: Any) -> int:
        return round(sum(step.actual(rule, data) for step in self.plan))


@dataclass
class Compiled:
    """A document, or what is wrong with it (``errors``, as they go out)."""

    document: DocumentNode | None = None
    operations: dict[str, Operation] = field(default_factory=dict)
    errors: list[dict[str, Any]] = field(default_factory=list)

    def pick(self, name: str | None) -> Operation | None:
        if name:
            return self.operations.get(name)
        return next(iter(self.operations.values())) if len(self.operations) == 1 else None


@cache
def schema() -> GraphQLSchema:
    text = Path(__file__).with_name("schema.graphql").read_text(encoding="utf-8")
    made = build_schema(text)
    give_scalars(made)
    return made


class Compiler:
    def __init__(self) -> None:
        self._kept: dict[str, Compiled] = {}

    def compile(self, query: str) -> Compiled:
        found = self._kept.get(query)
        if found is None:
            if len(self._kept) >= KEPT:
                self._kept.clear()
            found = self._kept[query] = _compile(query)
        return found


def _compile(query: str) -> Compiled:
    try:
        document = parse(query)
    except GraphQLSyntaxError as error:
        return Compiled(errors=[complaints.of_syntax(error)])
    except RecursionError:
        return Compiled(errors=[{"message": "Query is too deep."}])
    errors = validate(schema(), document)
    if errors:
        return Compiled(errors=[complaints.of_document(document, error) for error in errors])
    fragments = {
        node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
    }
    operations: dict[str, Operation] = {}
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            roots = [field for field in node.selection_set.selections if isinstance(field, FieldNode)]
            name = node.name.value if node.name else ""
            if node.operation is OperationType.SUBSCRIPTION or len(roots) < len(
                node.selection_set.selections
            ):
                return Compiled(errors=[{"message": "Only plain fields are served at the root."}])
            operations[name] = Operation(node, cost.plan(schema(), node, fragments), roots)
    return Compiled(document, operations)


def variable_errors(operation: Operation, given: dict[str, Any]) -> list[dict[str, Any]]:
    """What does not fit the types of an operation's variables, as Shopify says it."""
    errors = []
    for definition in operation.node.variable_definitions or ():
        name = definition.variable.name.value
        kind: Any = type_from_ast(schema(), definition.type)
        if kind is None or (name not in given and definition.default_value is not None):
            continue
        value = given.get(name, Undefined)
        problems: list[dict[str, Any]] = []

        def note(error: GraphQLError, path: list[Any], found: list[dict[str, Any]] = problems) -> None:
            found.append(_problem(path, error))

        validate_input_value(value, kind, note, True)
        if problems:
            shown = None if value is Undefined else value
            errors.append(complaints.of_variables(name, print_ast(definition.type), shown, problems))
    return errors


def _problem(path: list[Any], error: GraphQLError) -> dict[str, Any]:
    missing = re.search(r"to include required field '(\w+)'", error.message)
    if missing:
        return {"path": [*path, missing[1]], "explanation": "Expected value to not be null"}
    strange = re.search(r"type '(\w+)' not to include unknown field '(\w+)'", error.message)
    if strange:
        return {"path": [*path, strange[2]], "explanation": f"Field is not defined on {strange[1]}"}
    if "non-null type" in error.message:
        return {"path": path, "explanation": "Expected value to not be null"}
    return {"path": path, "explanation": error.message.rstrip(".")}


def directive_key(node: FieldNode, variables: dict[str, Any]) -> str | None:
    """The value of ``@idempotent(key:)`` on a field; ``None`` when the directive is not there."""
    for directive in node.directives or ():
        if directive.name.value == "idempotent" and directive.arguments:
            value = directive.arguments[0].value
            if isinstance(value, StringValueNode):
                return value.value
            if isinstance(value, VariableNode):
                return str(variables.get(value.name.value) or "")
    return None
