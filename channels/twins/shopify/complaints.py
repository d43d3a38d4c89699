"""What Shopify says of a document it does not accept: its own words and codes, not those of our library."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSyntaxError,
    InlineFragmentNode,
    Node,
    ObjectFieldNode,
    OperationDefinitionNode,
    ValueNode,
    print_ast,
)

Said = tuple[str, str, dict[str, Any]]

# The library's message -> Shopify's message, code and facts. First match wins.
WORDS: list[tuple[str, Callable[[re.Match[str]], Said]]] = [
    (
        r"Cannot query field '(\w+)' on type '(\w+)'",
        lambda m: (
            f"Field '{m[1]}' doesn't exist on type '{m[2]}'",
            "undefinedField",
            {"typeName": m[2], "fieldName": m[1]},
        ),
    ),
    (
        r"Unknown argument '(\w+)' on field '(\w+)\.(\w+)'",
        lambda m: (
            f"Field '{m[3]}' doesn't accept argument '{m[1]}'",
            "argumentNotAccepted",
            {"name": m[3], "typeName": "Field", "argumentName": m[1]},
        ),
    ),
    (
        r"Argument '\w+\.(\w+)\((\w+):\)' of type '[^']+' is required",
        lambda m: (
            f"Field '{m[1]}' is missing required arguments: {m[2]}",
            "missingRequiredArguments",
            {"className": "Field", "name": m[1], "arguments": m[2]},
        ),
    ),
    (
        r"Argument '@(\w+)\((\w+):\)' of type '[^']+' is required",
        lambda m: (
            f"Directive '{m[1]}' is missing required arguments: {m[2]}",
            "missingRequiredArguments",
            {"className": "Directive", "name": m[1], "arguments": m[2]},
        ),
    ),
    (
        r"Expected value of type '(\w+)!?' to include required field '(\w+)'",
        lambda m: (
            f"Argument '{m[2]}' on InputObject '{m[1]}' is required.",
            "missingRequiredInputObjectAttribute",
            {"argumentName": m[2], "inputObjectType": m[1]},
        ),
    ),
    (
        r"Expected value of type '(\w+)!?' not to include unknown field '(\w+)'",
        lambda m: (
            f"InputObject '{m[1]}' doesn't accept argument '{m[2]}'",
            "argumentNotAccepted",
            {"name": m[1], "typeName": "InputObject", "argumentName": m[2]},
        ),
    ),
    (
        r"Within OneOf Input Object type '(\w+)'",
        lambda m: (
            f"'{m[1]}' requires exactly one argument, and it can't be null.",
            "invalidOneOfInputObject",
            {"inputObjectType": m[1]},
        ),
    ),
    (
        r"Field '(\w+)' of type '([^']+)' must have a selection of subfields",
        lambda m: (
            f"Field must have selections (field '{m[1]}' returns {m[2].strip('[]!')} but has no selections. "
            f"Did you mean '{m[1]} {{ ... }}'?)",
            "selectionMismatch",
            {"nodeName": f"field '{m[1]}'", "typeName": m[2].strip("[]!")},
        ),
    ),
    (
        r"Field '(\w+)' must not have a selection since type '([^']+)'",
        lambda m: (
            f"Selections can't be made on scalars (field '{m[1]}' returns {m[2].strip('[]!')} but has selections)",
            "selectionMismatch",
            {"nodeName": f"field '{m[1]}'", "typeName": m[2].strip("[]!")},
        ),
    ),
    (
        r"Variable '\$(\w+)' is not defined by operation '(\w+)'",
        lambda m: (
            f"Variable ${m[1]} is used by {m[2]} but not declared",
            "variableNotDefined",
            {"variableName": m[1]},
        ),
    ),
    (
        r"Variable '\$(\w+)' is not defined",
        lambda m: (
            f"Variable ${m[1]} is used by anonymous query but not declared",
            "variableNotDefined",
            {"variableName": m[1]},
        ),
    ),
    (
        r"Variable '\$(\w+)' is never used in operation '(\w+)'",
        lambda m: (
            f"Variable ${m[1]} is declared by {m[2]} but not used",
            "variableNotUsed",
            {"variableName": m[1]},
        ),
    ),
    (
        r"Variable '\$(\w+)' is never used",
        lambda m: (
            f"Variable ${m[1]} is declared by anonymous query but not used",
            "variableNotUsed",
            {"variableName": m[1]},
        ),
    ),
    (
        r"Variable '\$(\w+)' of type '([^']+)' used in position expecting type '([^']+)'",
        lambda m: (
            f"Type mismatch on variable ${m[1]} and argument ({m[2]} / {m[3]})",
            "variableMismatch",
            {"variableName": m[1], "typeName": m[2], "errorMessage": "Type mismatch"},
        ),
    ),
    (
        r"Unknown type '(\w+)'",
        lambda m: (f"{m[1]} isn't a defined input type", "variableRequiresValidType", {"typeName": m[1]}),
    ),
    (
        r"Unknown directive '@(\w+)'",
        lambda m: (f"Directive @{m[1]} is not defined", "undefinedDirective", {"directiveName": m[1]}),
    ),
    (
        r"Directive '@(\w+)' may not be used on",
        lambda m: (
            f"'@{m[1]}' can't be applied here",
            "directiveCannotBeApplied",
            {"name": m[1]},
        ),
    ),
    (
        r"Unknown fragment '(\w+)'",
        lambda m: (
            f"Fragment {m[1]} was used, but not defined",
            "useAndDefineFragment",
            {"fragmentName": m[1]},
        ),
    ),
    (
        r"Fragment '(\w+)' is never used",
        lambda m: (
            f"Fragment {m[1]} was defined, but not used",
            "useAndDefineFragment",
            {"fragmentName": m[1]},
        ),
    ),
]
COMPILED = [(re.compile(pattern), say) for pattern, say in WORDS]


def of_syntax(error: GraphQLSyntaxError) -> dict[str, Any]:
    return {
        "message": error.message.replace("Syntax Error: ", "syntax error, ").rstrip("."),
        "locations": _locations(error),
    }


def of_document(document: DocumentNode, error: GraphQLError) -> dict[str, Any]:
    """One validation error as Shopify words it."""
    message, code = error.message, "invalidDocument"
    facts: dict[str, Any] = {}
    for pattern, say in COMPILED:
        found = pattern.search(error.message)
        if found:
            message, code, facts = say(found)
            break
    path = _path(document, error.nodes[0]) if error.nodes else []
    if code == "invalidDocument" and error.nodes and isinstance(error.nodes[0], ValueNode) and len(path) > 1:
        message = f"Argument '{path[-1]}' has an invalid value ({print_ast(error.nodes[0])})."
        code, facts = "argumentLiteralsIncompatible", {"typeName": "Field", "argumentName": path[-1]}
    return {
        "message": message,
        "locations": _locations(error),
        "path": path,
        "extensions": {"code": code, **facts},
    }


def of_variables(name: str, type_name: str, value: Any, problems: list[dict[str, Any]]) -> dict[str, Any]:
    """A variable whose value does not fit its type."""
    reasons = ", ".join(
        f"{'.'.join(str(step) for step in problem['path'])} ({problem['explanation']})".strip()
        for problem in problems
        if problem["path"]
    )
    return {
        "message": f"Variable ${name} of type {type_name} was provided invalid value"
        + (f" for {reasons}" if reasons else ""),
        "extensions": {"code": "INVALID_VARIABLE", "value": value, "problems": problems},
    }


def _locations(error: GraphQLError) -> list[dict[str, int]]:
    return [{"line": place.line, "column": place.column} for place in error.locations or ()]


def _path(document: DocumentNode, wanted: Node) -> list[str]:
    """The names on the way down to a node: ``["query Orders", "orders", "nodes", "nonsense"]``."""

    def name_of(node: Node) -> list[str]:
        if isinstance(node, OperationDefinitionNode):
            return [f"{node.operation.value} {node.name.value}" if node.name else node.operation.value]
        if isinstance(node, FragmentDefinitionNode):
            return [f"fragment {node.name.value}"]
        if isinstance(node, InlineFragmentNode):
            return ["..." + (f" on {node.type_condition.name.value}" if node.type_condition else "")]
        if isinstance(node, ArgumentNode | ObjectFieldNode):
            return [node.name.value]
        if isinstance(node, FieldNode):
            return [node.alias.value if node.alias else node.name.value]
        return []

    def search(node: Node, above: list[str]) -> list[str] | None:
        here = above + name_of(node)
        if node is wanted:
            return here
        for key in node.keys:
            child = getattr(node, key, None)
            for each in child if isinstance(child, list | tuple) else (child,):
                if isinstance(each, Node):
                    found = search(each, here)
                    if found is not None:
                        return found
        return None

    return search(document, []) or []
