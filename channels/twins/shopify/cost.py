"""Calculated query cost, and the bucket it is paid from.

An object costs 1, a scalar nothing, a mutation 10. A connection costs its children times a size that grows
with the logarithm of ``first`` or ``last``, and 2: Shopify does not publish the curve, this one meets figures seen
there (250 variants with their inventory items: 25). The rule ``linear``, which Shopify once published, has
``first`` itself for the size. A query must be affordable in full before it runs; what it did not
use is given back.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_composite_type,
)

MUTATION = 10
CONNECTION = 2


def size(rule: str, number: int) -> float:
    if rule == "linear":
        return number
    return max(1.0, 2 * math.log(number)) if number else 0.0


@dataclass
class Step:
    """One selected field that costs something: an object, a list of objects, or a connection with its size."""

    name: str
    key: str
    base: int
    connection: bool = False
    count: int | str | None = None
    children: list[Step] = field(default_factory=list)

    def requested(self, rule: str, variables: Mapping[str, Any]) -> float:
        if not self.connection:
            return self.base + sum(child.requested(rule, variables) for child in self.children)
        count = variables.get(self.count, 0) if isinstance(self.count, str) else self.count
        each = sum(child.requested(rule, variables) for child in self._node_steps())
        return CONNECTION + size(rule, count or 0) * each

    def actual(self, rule: str, answer: Any) -> float:
        found = answer.get(self.key) if isinstance(answer, dict) else None
        if found is None:
            return self.base
        if isinstance(found, list):
            return sum(self._of(rule, row) for row in found)
        if not self.connection:
            return self._of(rule, found)
        each = self._rows_cost(rule, found)
        return CONNECTION + (size(rule, len(each)) * sum(each) / len(each) if each else 0)

    def _of(self, rule: str, row: Any) -> float:
        return self.base + sum(child.actual(rule, row) for child in self.children)

    def _node_steps(self) -> list[Step]:
        """What is selected of one node of a connection: under ``nodes`` or ``edges { node }``."""
        found = [child for child in self.children if child.name == "nodes"]
        for edges in self.children:
            if edges.name == "edges":
                found.extend(child for child in edges.children if child.name == "node")
        return found

    def _rows_cost(self, rule: str, found: dict[str, Any]) -> list[float]:
        for child in self.children:
            if child.name == "nodes":
                return [child._of(rule, row) for row in found[child.key]]
            if child.name == "edges":
                inner = [step for step in child.children if step.name == "node"]
                return [sum(step.actual(rule, edge) for step in inner) for edge in found[child.key]]
        return []


def plan(
    schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> list[Step]:
    """What an operation costs, but for the values of its variables. Works on a valid document only."""
    root = schema.mutation_type if operation.operation is OperationType.MUTATION else schema.query_type
    steps = _steps(schema, root, operation.selection_set, fragments)
    if root is schema.mutation_type:
        for step in steps:
            step.base = MUTATION
            # What the payload holds is part of the mutation's own price.
            step.children = []
    return steps


def _steps(
    schema: GraphQLSchema,
    parent: Any,
    selections: SelectionSetNode,
    fragments: Mapping[str, FragmentDefinitionNode],
) -> list[Step]:
    steps: list[Step] = []
    for node in selections.selections:
        if isinstance(node, FragmentSpreadNode):
            fragment = fragments[node.name.value]
            inside = schema.type_map[fragment.type_condition.name.value]
            steps.extend(_steps(schema, inside, fragment.selection_set, fragments))
        elif isinstance(node, InlineFragmentNode):
            inside = schema.type_map[node.type_condition.name.value] if node.type_condition else parent
            steps.extend(_steps(schema, inside, node.selection_set, fragments))
        elif isinstance(node, FieldNode) and node.selection_set and not node.name.value.startswith("__"):
            definition = parent.fields[node.name.value]
            returned = get_named_type(definition.type)
            if not is_composite_type(returned):
                continue
            connection = isinstance(returned, GraphQLObjectType) and returned.name.endswith("Connection")
            steps.append(
                Step(
                    name=node.name.value,
                    key=node.alias.value if node.alias else node.name.value,
                    base=0 if returned.name in ("PageInfo", "MoneyBag", "MoneyV2") else 1,
                    connection=connection,
                    count=_count(node) if connection else None,
                    children=_steps(schema, returned, node.selection_set, fragments),
                )
            )
    return steps


def _count(node: FieldNode) -> int | str | None:
    for argument in node.arguments or ():
        if argument.name.value in ("first", "last"):
            if isinstance(argument.value, IntValueNode):
                return int(argument.value.value)
            if isinstance(argument.value, VariableNode):
                return argument.value.name.value
    return None


class Bucket:
    """Points that come back with time."""

    def __init__(self, maximum: float, restore: float, now: datetime) -> None:
        self.maximum = maximum
        self.restore = restore
        self._available = maximum
        self._at = now

    def available(self, now: datetime) -> float:
        gained = max(0.0, (now - self._at).total_seconds()) * self.restore
        self._available = min(self.maximum, self._available + gained)
        self._at = now
        return self._available

    def take(self, points: float, now: datetime) -> bool:
        if points > self.available(now):
            return False
        self._available -= points
        return True

    def give_back(self, points: float) -> None:
        self._available = min(self.maximum, self._available + points)

    def status(self, now: datetime) -> dict[str, float]:
        return {
            "maximumAvailable": float(self.maximum),
            "currentlyAvailable": int(self.available(now)),
            "restoreRate": float(self.restore),
        }
