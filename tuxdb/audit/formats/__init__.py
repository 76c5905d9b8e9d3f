"""A report as text: one function each, from findings to a text, without any I/O."""

from collections.abc import Callable

from tuxdb.audit.formats.documents import json_document, ndjson
from tuxdb.audit.formats.lines import concise, github
from tuxdb.audit.formats.markdown import markdown
from tuxdb.audit.formats.sarif import sarif
from tuxdb.audit.formats.screen import table
from tuxdb.audit.run import Report

FORMATS: dict[str, Callable[[Report], str]] = {
    "table": table,
    "concise": concise,
    "json": json_document,
    "ndjson": ndjson,
    "jsonl": ndjson,
    "sarif": sarif,
    "github": github,
    "markdown": markdown,
}

__all__ = ["FORMATS", "table"]
