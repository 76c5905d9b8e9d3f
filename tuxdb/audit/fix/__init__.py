"""Raw calls rewritten in their source: bound parameters, SQLAlchemy, repositories.

made = plan(queries, conversions, options)   # pure: sources in, edits out
made.files                                   # what would change, per file
made.outcomes                                # per call: a fix, or why not
diff(made.files)                             # for `git apply`
apply(made.files, options.top)               # writes, and only this does
"""
