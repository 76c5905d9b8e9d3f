"""Raw calls rewritten in their source: bound parameters, SQLAlchemy, repositories.

plan = plan_fixes(queries, conversions, options)   # pure: sources in, edits out
plan.files                                         # what would change, per file
plan.outcomes                                      # per call: a fix, or why not
diff(plan.files)                                   # for `git apply`
apply(plan.files)                                  # writes, and only this does
"""
