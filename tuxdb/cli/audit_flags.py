"""The flags of `tuxdb audit`."""

from pathlib import Path
from typing import Annotated

import typer

from tuxdb.cli.parsers import one_of

FORMATS = (
    "table",
    "concise",
    "json",
    "ndjson",
    "jsonl",
    "sarif",
    "github",
    "markdown",
)
SHAPES = ("session", "repository")
SEVERITIES = ("error", "warning", "info")

Paths = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[PATH]...", help="Files and folders; else this one."),
]
Format = Annotated[
    str,
    typer.Option(
        "--format",
        metavar="|".join(FORMATS),
        parser=one_of(*FORMATS),
        help="How the report is written.",
    ),
]
Select = Annotated[
    list[str] | None,
    typer.Option("--select", metavar="RULE,…", help="Report these rules alone."),
]
Ignore = Annotated[
    list[str] | None,
    typer.Option("--ignore", metavar="RULE,…", help="Leave these rules out."),
]
LeastSeverity = Annotated[
    str | None,
    typer.Option(
        "--severity",
        metavar="|".join(SEVERITIES),
        parser=one_of(*SEVERITIES),
        help="Report from this severity on.",
        show_default=False,
    ),
]
FailOn = Annotated[
    str | None,
    typer.Option(
        "--fail-on",
        metavar="error|warning|info|never",
        parser=one_of(*SEVERITIES, "never"),
        help="From what severity on to end with 3.  [default: error]",
        show_default=False,
    ),
]
ExitZero = Annotated[
    bool, typer.Option("--exit-zero", help="The same as --fail-on never.")
]
Strict = Annotated[
    bool,
    typer.Option("--strict", help="End with 3 if a file or a statement is not read."),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="PATTERN", help="Leave these paths out."),
]
Everything = Annotated[
    bool, typer.Option("--all", help="Show every finding, not one screen.")
]
Target = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write the report there."),
]
Baseline = Annotated[
    Path | None,
    typer.Option("--baseline", metavar="FILE", help="Only what is new counts."),
]
NewBaseline = Annotated[
    Path | None,
    typer.Option(
        "--write-baseline", metavar="FILE", help="Write what is known from now on."
    ),
]
Explain = Annotated[
    str | None,
    typer.Option("--explain", metavar="RULE", help="Explain a rule, and end."),
]
ShowSql = Annotated[
    str | None,
    typer.Option("--show-sql", metavar="FILE:LINE", help="The same as show."),
]
Jobs = Annotated[
    int, typer.Option("--jobs", "-j", metavar="N", min=0, max=64, help="Processes.")
]
NoCache = Annotated[
    bool, typer.Option("--no-cache", help="Read every file anew; keep nothing.")
]
SchemaFrom = Annotated[
    str | None,
    typer.Option(
        "--schema",
        metavar="FILE|URL|models|auto",
        help="Check statements against this schema.  [default: auto]",
        show_default=False,
    ),
]
NoDatabase = Annotated[
    bool, typer.Option("--no-db", help="Look for no schema, and start no server.")
]
Prove = Annotated[
    bool, typer.Option("--prove", help="Convert, and prove the replacements equal.")
]
Execute = Annotated[
    bool,
    typer.Option("--execute", help="Run both on seeded rows, too; rolled back."),
]
Diff = Annotated[
    bool, typer.Option("--diff", help="Show what --fix would do, for git apply.")
]
FixThem = Annotated[
    bool, typer.Option("--fix", help="Rewrite what is proved equal, or only bound.")
]
Unsafe = Annotated[
    bool,
    typer.Option("--unsafe-fixes", help="Also where a caller may see a change."),
]
Shape = Annotated[
    str,
    typer.Option(
        "--as",
        metavar="|".join(SHAPES),
        parser=one_of(*SHAPES),
        help="What a call becomes.",
    ),
]
