"""Whether a statement may change something, so that its session must commit."""

from itertools import pairwise

from tuxdb.audit.sqltext import WRITES, tokens, verb

# words before a bracket: grammar, and functions that leave nothing behind
_WORDS = (
    "count sum min max avg lower upper coalesce nullif greatest least length "
    "char_length trim btrim ltrim rtrim substring substr left right replace "
    "split_part concat concat_ws position strpos initcap repeat reverse lpad rpad "
    "abs ceil ceiling floor round trunc power sqrt mod random sign exp ln log "
    "now date_trunc date_part extract age to_char to_timestamp to_date "
    "current_timestamp current_date localtimestamp clock_timestamp make_interval "
    "row_number rank dense_rank ntile lag lead first_value last_value percent_rank "
    "cume_dist array_agg string_agg json_agg jsonb_agg json_build_object "
    "jsonb_build_object json_object_agg jsonb_object_agg bool_and bool_or every "
    "unnest array_length cardinality array_position array_remove array_append "
    "array_prepend array_cat array_to_string string_to_array any some all exists "
    "in values cast row array over filter as and or not on where from using select "
    "when then else case distinct by limit offset within group union except intersect "
    "similarity word_similarity to_tsvector to_tsquery plainto_tsquery ts_rank "
    "websearch_to_tsquery ts_headline regexp_replace regexp_matches regexp_match "
    "jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_typeof "
    "to_json to_jsonb row_to_json generate_series lateral percentile_cont "
    "percentile_disc mode stddev variance md5 encode decode format interval numeric "
    "varchar char decimal only with recursive materialized is between like ilike "
    "similar to"
)
HARMLESS = frozenset(_WORDS.split())


def commits(text: str) -> bool:
    """Whether the statement is more than a SELECT of harmless functions."""
    if verb(text) not in ("SELECT", "VALUES"):
        return True
    found = tokens(text)
    if any(token.kind == "word" and token.upper in WRITES for token in found):
        return True
    return any(
        token.kind in ("word", "name")
        and follower.text.startswith("(")
        and token.text.lower() not in HARMLESS
        for token, follower in pairwise(found)
    )
