"""The SQL side of the audit: a scratch server that checks, converts and proves.

    async with ScratchSchema.open(settings, sources, models=models) as schema:
        schema.problems                    # statements of the schema that failed
        await schema.check(text, 2)        # -> Checked(problems, parameters, columns)
        await schema.convert(text)         # -> Converted | Unsupported
        await schema.prove(text, converted)    # -> Proof(state, reason)
        await schema.execute(text, converted)  # -> Proof("executed") or a difference

`text` is one statement with `$1` parameters; `placeholders.numbered` brings the other
styles there, `holes.bound` turns the markers of interpolated values into parameters.
A conversion names the arguments `tuxdb_arg_1`, `tuxdb_arg_2`, …; `Converted.code(args)`
puts the source of the real ones in their places.
"""
