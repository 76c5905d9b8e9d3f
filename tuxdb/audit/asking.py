"""The SQL side as a part of an audit: asked where it can be, told why where it cannot.

What nobody asked for by name is no failure: without a schema, or without a server, the
audit still finds and classifies, and says what it did not do.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tuxdb.audit.gather import Told
from tuxdb.audit.options import Options, Project
from tuxdb.audit.run import Gathered
from tuxdb.audit.sites import RawQuery
from tuxdb.audit.sqlside import Answers
from tuxdb.errors import ConfigurationError, DatabaseOperationError
from tuxdb.settings import Settings

if TYPE_CHECKING:
    from tuxdb.audit.fix.plan import FixOptions
    from tuxdb.audit.schemas import Taken
    from tuxdb.audit.sql.mapping.imported import Imported
    from tuxdb.audit.verdicts import Asked

AUTO = "auto"


@dataclass(frozen=True)
class Request:
    """What is asked of the SQL side.

    `schema` is None where none is to be asked; `named` says that a person asked for
    it, so that its lack is an error. `lenient` says that proofs are welcome, and no
    more; `only` are the calls to prove; `around` reads the whole project, of which
    a part is audited. `import_models` asks for the project's models to be imported,
    and `imported` is what came of it.
    """

    schema: str | None = AUTO
    named: bool = False
    prove: bool = False
    execute: bool = False
    fix: bool = False
    unsafe: bool = False
    repository: bool = False
    lenient: bool = False
    only: Callable[[RawQuery], bool] = lambda _query: True
    around: Callable[[], Gathered] | None = None
    import_models: bool = False
    imported: "Imported | None" = None

    @property
    def plans(self) -> bool:
        """Whether it has to be known what --fix would do."""
        return self.prove or self.fix

    @property
    def strict(self) -> bool:
        """Whether it is an error that nothing can be proved."""
        return self.named or (self.prove and not self.lenient)


async def asked(
    settings: Settings,
    gathered: Gathered,
    request: Request,
    options: Options,
    *,
    project: Project,
    told: Told = lambda _stage, _done, _total: None,
) -> "Asked":
    """Ask; raises ConfigurationError and its like for what was asked for by name."""
    # the drivers and SQLAlchemy load here, where there is something to ask
    from tuxdb.audit.verdicts import Asked, Wanted, ask  # noqa: PLC0415

    taken, why_not = None, ""
    if request.schema is not None:
        taken, why_not = await _taken(request, gathered, options)
    fixes = _fixes(gathered, request, project) if request.plans else None
    wanted = Wanted(
        execute=request.execute,
        fixes=fixes,
        only=request.only,
        cached=options.cache,
    )
    try:
        found = await ask(settings, taken, gathered.facts, wanted, told)
    except (ConfigurationError, DatabaseOperationError) as error:
        if request.strict or request.fix:
            raise
        of = taken.said if taken is not None else why_not
        why = f"not asked, {error}"
        return Asked(Answers(why_not=f"{of}: {why}" if of else why))
    if why_not:
        found = replace(found, answers=replace(found.answers, why_not=why_not))
    return found


async def _taken(
    request: Request, gathered: Gathered, options: Options
) -> "tuple[Taken | None, str]":
    from tuxdb.audit.schemas import NoSchema, take  # noqa: PLC0415 - as above

    choice = request.schema or AUTO
    try:
        taken = await take(
            choice,
            gathered.facts,
            gathered.scripts,
            options.top,
            request.imported,
        )
    except NoSchema as error:
        if request.around is not None:
            wider = replace(request, around=None)
            return await _taken(wider, request.around(), options)
        if request.strict:
            raise
        return None, str(error)
    except ConfigurationError as error:
        if request.strict:
            raise
        return None, str(error)
    return taken, ""


def _fixes(gathered: Gathered, request: Request, project: Project) -> "FixOptions":
    """What the fixes may be, from the flags, the configuration and the tree."""
    from tuxdb.audit.fix.plan import FixOptions  # noqa: PLC0415 - as above

    return FixOptions(
        gathered.sources,
        session=project.session or None,
        session_imports=project.session_imports,
        unsafe=request.unsafe,
        repository=request.repository,
        repositories=project.repositories,
    )
