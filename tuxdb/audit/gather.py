"""The facts of a tree: read, taken from the cache, or found by worker processes.

A first pass reads each file by itself. Where a file hands SQL to a wrapper of another
file, or names a constant of another module, it is read once more with those.
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

from tuxdb.audit.cache import Cache
from tuxdb.audit.constants import Constants
from tuxdb.audit.discover import Source
from tuxdb.audit.facts import Facts
from tuxdb.audit.scan import Surroundings, scan
from tuxdb.audit.sinks import METHODS, Sink
from tuxdb.audit.workers import in_workers

Told = Callable[[str, int, int], None]
FEW_FILES = 24
CHUNK = 12
ROUNDS = 3


class Gatherer:
    """Gathers the facts of files; `told` hears how far it is."""

    def __init__(
        self, cache: Cache, sinks: Iterable[Sink], jobs: int, told: Told
    ) -> None:
        self.cache = cache
        self.sinks = tuple(sinks)
        self.jobs = jobs or os.cpu_count() or 1
        self.told = told

    def gather(self, sources: Sequence[Source]) -> list[Facts]:
        """Return the facts of each source, in order."""
        python = {s.path: s for s in sources if s.python and s.problem is None}
        sql = _sql_files(sources)
        around = {path: Surroundings(self.sinks) for path in python}
        for path, source in python.items():
            named = _named_sql(source, sql)
            if named:
                around[path] = replace(around[path], sql_files=named)
        facts = self._pass(python, around, python)
        library = _usual_library(facts.values())
        constants = Constants(python)
        for _ in range(ROUNDS):
            again = self._again(python, around, facts, library, constants)
            if not again:
                break
            facts.update(self._pass(python, around, again))
            library = ""  # told once
        for source in sources:
            if source.problem is not None:
                facts[source.path] = Facts(source.path, problem=source.problem)
        return [facts[source.path] for source in sources if source.path in facts]

    def _again(
        self,
        python: Mapping[str, Source],
        around: dict[str, Surroundings],
        facts: Mapping[str, Facts],
        library: str,
        constants: Constants,
    ) -> list[str]:
        """Say which files to read again, and with what."""
        wrappers = [sink for one in facts.values() for sink in one.wrappers]
        foreign = {s.name: s for s in wrappers if s.name not in METHODS}
        names = {name: re.compile(rb"\b%b\s*\(" % name.encode()) for name in foreign}
        found = []
        for path, source in python.items():
            before = after = around[path]
            known = {sink.name for sink in (*before.sinks, *facts[path].wrappers)}
            called = [
                foreign[name]
                for name, pattern in names.items()
                if name not in known
                and name.encode() in source.data
                and pattern.search(source.data)
            ]
            if called:
                after = replace(after, sinks=(*after.sinks, *called))
            told = constants.of(path, facts[path].wanted)
            if told != after.foreign and told:
                after = replace(after, foreign={**after.foreign, **told})
            if library and facts[path].queries and not facts[path].library:
                after = replace(after, library=library)
            if after != before:
                around[path] = after
                found.append(path)
        return found

    def _pass(
        self,
        python: Mapping[str, Source],
        around: Mapping[str, Surroundings],
        paths: Iterable[str],
    ) -> dict[str, Facts]:
        found: dict[str, Facts] = {}
        work: list[tuple[str, str]] = []
        keys: dict[Surroundings | int, str] = {}
        for path in paths:
            name = keys.setdefault(id(around[path]), around[path].key())
            key = Cache.key(path, python[path].data, name)
            known = self.cache.get(key)
            if known is not None:
                found[path] = known
            else:
                work.append((path, key))
        for done, (path, key, facts) in enumerate(self._run(python, around, work), 1):
            found[path] = facts
            self.cache.put(key, facts)
            self.told("reading", done, len(work))
        return found

    def _run(
        self,
        python: Mapping[str, Source],
        around: Mapping[str, Surroundings],
        work: list[tuple[str, str]],
    ) -> Iterator[tuple[str, str, Facts]]:
        tasks = [(path, python[path].data, around[path]) for path, _ in work]
        keys = dict(work)
        if len(tasks) < FEW_FILES or self.jobs == 1:
            for task in tasks:
                yield task[0], keys[task[0]], scan(*task)
            return
        tasks.sort(key=lambda task: len(task[1]), reverse=True)
        for path, facts in _in_processes(tasks, self.jobs):
            yield path, keys[path], facts


Task = tuple[str, bytes, Surroundings]


def _in_processes(tasks: list[Task], jobs: int) -> Iterator[tuple[str, Facts]]:
    """Scan in worker processes; one that dies costs one file only."""
    chunks = [tasks[at :: _parts(tasks)] for at in range(_parts(tasks))]
    left = dict(enumerate(chunks))
    try:
        for number, found in enumerate(in_workers(_scan_many, chunks, jobs)):
            del left[number]
            yield from found
    except BrokenProcessPool:
        for chunk in left.values():
            yield from map(_alone, chunk)


def _parts(tasks: list[Task]) -> int:
    return max(1, len(tasks) // CHUNK)


def _scan_many(tasks: list[Task]) -> list[tuple[str, Facts]]:
    return [(task[0], scan(*task)) for task in tasks]


def _alone(task: Task) -> tuple[str, Facts]:
    """Scan one file in a process of its own."""
    try:
        ((found,),) = in_workers(_scan_many, [[task]])
    except BrokenProcessPool:
        return task[0], Facts(task[0], problem="the parser could not cope with it")
    return found


def _sql_files(sources: Iterable[Source]) -> dict[str, str]:
    """Return the `.sql` files by their names; of equal names, none."""
    names = Counter(s.path.rpartition("/")[2] for s in sources if not s.python)
    return {
        s.path.rpartition("/")[2]: s.data.decode("utf-8", "replace")
        for s in sources
        if not s.python and names[s.path.rpartition("/")[2]] == 1
    }


def _named_sql(source: Source, sql: Mapping[str, str]) -> dict[str, str]:
    if b".sql" not in source.data:
        return {}
    return {name: text for name, text in sql.items() if name.encode() in source.data}


def _usual_library(facts: Iterable[Facts]) -> str:
    """Name the driver that most files import, SQLAlchemy apart."""
    named = (one.library for one in facts)
    counted = Counter(name for name in named if name not in ("", "sqlalchemy"))
    return next((name for name, _ in counted.most_common(1)), "")
