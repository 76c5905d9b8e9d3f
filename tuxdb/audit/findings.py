"""What the audit says: findings, how bad they are, which are known or suppressed."""

import hashlib
import io
import json
import re
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum

from tuxdb.audit.sites import RawQuery, Span
from tuxdb.audit.sqlside import FixOffer
from tuxdb.audit.sqltext import normalised

BASELINE_SCHEMA = "tuxdb.audit.baseline/1"
_COMMENT = re.compile(
    r"#\s*tuxdb:\s*(?P<word>ignore-file|ignore)\s*(?:\[(?P<rules>[^\]]*)\])?"
    r"\s*(?P<reason>.*)"
)

_FOREIGN = re.compile(r"#\s*(noqa:.*\bS608\b|nosec\b.*\bB608\b)", re.IGNORECASE)
_MARKED = re.compile(r"tuxdb:|S608|B608")
INJECTION = ("TUX101", "TUX102", "TUX103", "TUX104", "TUX105", "TUX107", "TUX108")


class Severity(IntEnum):
    """How bad a finding is."""

    INFO = 1
    WARNING = 2
    ERROR = 3

    @property
    def word(self) -> str:
        """The severity as it is written."""
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> "Severity":
        """Find the severity of a name."""
        return cls[word.upper()]


@dataclass(frozen=True)
class Finding:
    """One finding; `proof` is proved, executed, unproved or refused (…)."""

    rule: str
    severity: Severity
    path: str
    span: Span
    message: str
    fingerprint: str = ""
    ordinal: int = 0
    query: RawQuery | None = None
    proof: str | None = None
    replacement: str | None = None
    hint: str | None = None
    known: bool = False
    fix: FixOffer | None = None

    @property
    def line(self) -> int:
        """The line where it begins."""
        return self.span.line

    @property
    def place(self) -> str:
        """The place as `file:line`."""
        return f"{self.path}:{self.span.line}"

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What stays when lines move."""
        return (self.path, self.rule, self.fingerprint, self.ordinal)


def fingerprint(text: str | None, otherwise: str = "") -> str:
    """Name a statement by what it says, not by where or how it is laid out."""
    content = normalised(text) if text else otherwise
    return hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()[:16]


def numbered(findings: Iterable[Finding]) -> list[Finding]:
    """Sort findings, and number those that are alike within a file."""
    ordered = sorted(findings, key=lambda f: (f.path, f.span, f.rule, f.message))
    seen: Counter[tuple[str, str, str]] = Counter()
    found = []
    for finding in ordered:
        alike = (finding.path, finding.rule, finding.fingerprint)
        found.append(replace(finding, ordinal=seen[alike]))
        seen[alike] += 1
    return found


# -- suppression -----------------------------------------------------------------------


@dataclass(frozen=True)
class Suppression:
    """A comment that takes findings back; no rules means every rule."""

    line: int
    rules: tuple[str, ...]
    reason: str
    whole_file: bool
    alone: bool = False
    foreign: bool = False
    """A comment for ruff or bandit, which counts only if the project says so."""

    def covers(self, finding: Finding) -> bool:
        """Whether it is meant for a finding of the same file."""
        if self.rules and finding.rule not in self.rules:
            return False
        if self.whole_file:
            return True
        first = finding.span.line - (1 if self.alone else 0)
        return first <= self.line <= finding.span.end_line


def suppressions(text: str) -> tuple[Suppression, ...]:
    """Read the comments of a source that begin with `tuxdb:`."""
    if not _MARKED.search(text):
        return ()
    found = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type != tokenize.COMMENT:
                continue
            match = _COMMENT.search(token.string)
            if match:
                alone = not token.line[: token.start[1]].strip()
                found.append(_suppression(match, token.start[0], alone=alone))
            elif _FOREIGN.search(token.string):
                line = token.start[0]
                found.append(Suppression(line, INJECTION, "", False, foreign=True))
    except (tokenize.TokenError, SyntaxError, IndentationError):
        return tuple(found)
    return tuple(found)


def _suppression(match: re.Match[str], line: int, *, alone: bool) -> Suppression:
    rules = tuple(r.strip().upper() for r in (match["rules"] or "").split(","))
    return Suppression(
        line=line,
        rules=tuple(rule for rule in rules if rule),
        reason=match["reason"].strip(),
        whole_file=match["word"] == "ignore-file",
        alone=alone,
    )


def suppressed(
    findings: Iterable[Finding], comments: Mapping[str, tuple[Suppression, ...]]
) -> tuple[list[Finding], int, list[tuple[str, Suppression]]]:
    """Take back what comments cover; returns the rest, a count, the unused comments."""
    used: set[tuple[str, Suppression]] = set()
    kept: list[Finding] = []
    count = 0
    for finding in findings:
        hits = [c for c in comments.get(finding.path, ()) if c.covers(finding)]
        used.update((finding.path, comment) for comment in hits)
        if hits:
            count += 1
        else:
            kept.append(finding)
    every = ((path, comment) for path, found in comments.items() for comment in found)
    return kept, count, [one for one in every if one not in used]


# -- baseline --------------------------------------------------------------------------


def baseline_text(findings: Iterable[Finding]) -> str:
    """Write what is known, so that only new findings count from now on."""
    entries = [
        {"file": f.path, "rule": f.rule, "sql": f.fingerprint, "ordinal": f.ordinal}
        for f in findings
    ]
    document = {"schema": BASELINE_SCHEMA, "findings": entries}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def read_baseline(text: str) -> set[tuple[str, str, str, int]]:
    """Read a baseline; raises ValueError if it is none."""
    document = json.loads(text)
    if not isinstance(document, dict) or document.get("schema") != BASELINE_SCHEMA:
        raise ValueError(f"is not a baseline ({BASELINE_SCHEMA})")
    return {
        (str(e["file"]), str(e["rule"]), str(e["sql"]), int(e["ordinal"]))
        for e in document["findings"]
    }


def against(
    findings: Iterable[Finding], known: set[tuple[str, str, str, int]]
) -> Iterator[Finding]:
    """Mark the findings that a baseline knows."""
    for finding in findings:
        yield replace(finding, known=finding.key in known)
