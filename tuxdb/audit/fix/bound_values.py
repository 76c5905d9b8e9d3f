"""Where the values go that a call is to bind: more arguments, a tuple, a dictionary."""

import ast
from collections.abc import Sequence

from tuxdb.audit.fix.binding import Bound
from tuxdb.audit.fix.edits import Edit
from tuxdb.audit.fix.place import Misplaced
from tuxdb.audit.fix.source import Source


def given(
    source: Source,
    call: ast.Call,
    first: ast.expr,
    bound: Bound,
    values: Sequence[str],
) -> tuple[Edit, ...]:
    """The edits that bind values, in the manner of the driver."""
    if bound.style == "numbered":
        return (_after(source, call, call.args[-1], values),)
    names = [one.name for one in bound.parameters]
    if bound.style == "named":
        pairs = ", ".join(
            f"{name}={value}" for name, value in zip(names, values, strict=True)
        )
        end = source.bounds(call)[1]
        return (Edit(end, end, f".bindparams({pairs})"),)
    rest = call.args[call.args.index(first) + 1 :]
    if not rest and not call.keywords:
        only = "," if len(values) == 1 else ""
        text = f"({', '.join(values)}{only})"
        return (_after(source, call, first, [text]),)
    holder = rest[0] if rest else call.keywords[0].value
    if isinstance(holder, ast.Dict) and holder.values and any(names):
        last = source.bounds(holder.values[-1])[1]
        entries = zip(names, values, strict=True)
        pairs = "".join(f', "{name}": {value}' for name, value in entries)
        return (Edit(last, last, pairs),)
    if isinstance(holder, ast.Tuple | ast.List) and not any(names):
        return _interleaved(source, holder, bound, values)
    raise Misplaced("it cannot be seen what is bound to its parameters")


def _interleaved(
    source: Source, holder: ast.Tuple | ast.List, bound: Bound, values: Sequence[str]
) -> tuple[Edit, ...]:
    """Put each value among the others where its parameter stands in the text."""
    starts = [one.start for one in bound.known]
    groups: dict[int, list[str]] = {}
    for one, value in zip(bound.parameters, values, strict=True):
        before = sum(start < one.start for start in starts)
        groups.setdefault(before, []).append(value)
    edits = []
    for before, several in groups.items():
        if before < len(holder.elts):
            at = source.bounds(holder.elts[before])[0]
            edits.append(Edit(at, at, "".join(f"{value}, " for value in several)))
        elif holder.elts:
            at = source.bounds(holder.elts[-1])[1]
            edits.append(Edit(at, at, "".join(f", {value}" for value in several)))
        else:
            raise Misplaced("its arguments are an empty list")
    return tuple(edits)


def _after(
    source: Source, call: ast.Call, last: ast.expr, values: Sequence[str]
) -> Edit:
    """Put arguments behind the last one, each on a line if those before are."""
    end = source.bounds(last)[1]
    apart = last.lineno > call.lineno and (call.end_lineno or 0) > (
        last.end_lineno or 0
    )
    line = source.line(last.lineno)
    indent = line[: len(line) - len(line.lstrip())].decode()
    gap = f",\n{indent}" if apart else ", "
    return Edit(end, end, "".join(gap + value for value in values))
