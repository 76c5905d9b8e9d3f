"""What a parameter holds, by its annotation and by the function that it is of."""

import ast
import re
from dataclasses import replace

from tuxdb.audit.module import CONTEXTS, FunctionInfo, dotted
from tuxdb.audit.values import Part, Text, Value, unknown

STATEMENT_TYPES = re.compile(
    r"\b(Select|Insert|Update|Delete|Executable|ClauseElement|TextClause|TextElement"
    r"|ReturnsRows|CompoundSelect|ColumnElement|DDLElement|UpdateBase)\b"
)


def parameter(info: FunctionInfo, argument: ast.arg) -> Value:
    """Make the value of a parameter, by its annotation."""
    name = argument.arg
    node = ast.Name(
        name, ast.Load(), lineno=argument.lineno, col_offset=argument.col_offset
    )
    node.end_lineno, node.end_col_offset = argument.end_lineno, argument.end_col_offset
    context = name in CONTEXTS or name in ("self", "cls")
    if info.positional and name not in info.positional:
        context = context or name in ("self", "cls")
    kind = "context" if context else "command" if info.command else "param"
    roots = [f"{kind} {name}"]
    words = ast.unparse(argument.annotation) if argument.annotation else ""
    if isinstance(argument.annotation, ast.Subscript) and "Literal" in words:
        listed = argument.annotation.slice
        items = listed.elts if isinstance(listed, ast.Tuple) else [listed]
        texts: tuple[Text, ...] = tuple(
            (str(i.value),) for i in items if isinstance(i, ast.Constant)
        )
        if texts and "Literal" in dotted(argument.annotation.value):
            return Value(texts, made="name-resolved")
    if STATEMENT_TYPES.search(words):
        return replace(unknown(node, roots=roots), statement_object=True)
    if argument is info.node.args.kwarg:  # its keys are names in the source
        key = Part(node, "any", frozenset([f"names {name}"]), guarded=True)
        pair = (Value(((key,),), made="variable"), unknown(node, roots=roots))
        return replace(unknown(node, roots=roots), table=(pair,))
    head = words.strip("'\"").replace("Optional[", "").split("[")[0].split("|")[0]
    if head.strip().rstrip("]") in ("int", "float", "bool", "Snowflake") or (
        "Range[int" in words
    ):
        return unknown(node, "int", roots)
    return Value(((Part(node, "any", frozenset(roots)),),), made="variable")
