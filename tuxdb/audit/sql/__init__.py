"""The SQL side of the audit: a scratch server that checks, converts and proves.

    async with ScratchSchema.open(settings, sources, models=models) as schema:
        schema.problems                        # statements of the schema that failed
        await schema.check(text, 2)            # -> Checked(problems, parameters, ...)
        await schema.convert(text)             # -> Converted | Unsupported
        await schema.prove(text, converted)    # -> Proof("proved" | "unproved", reason)
        await schema.execute(text, converted)  # -> Proof("executed"), or a difference

`text` is one statement with `$1` parameters. A conversion names the arguments
`tuxdb_arg_1`, `tuxdb_arg_2`, …; `Converted.code(args)` puts the real ones in their
places. `not_null` of `convert` are the arguments that are never None: only those may
stand bare beside `==`, because SQLAlchemy makes IS NULL of None.

Schemas come from scripts (`SchemaSource`), from model classes (`mapping.read_models`
and `mapping.ddl.schema_of`), from Alembic revisions (`revisions`) or from a live
database (`live`). No code of the project's is imported or run, unless a person asks for
its models to be imported (`mapping.imported`), and of its SQL only definitions are
applied: functions become stubs, rows are left out.
"""
