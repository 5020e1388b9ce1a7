-- What a link's hash covers, as text: {link} and {change} are its two rows.
jsonb_build_array(
    {link}.seq, {change}.id, to_char({change}.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
    {change}.actor_kind, {change}.actor_id, {change}.actor_name, {change}.origin, {change}.verb,
    {change}.kind, {change}.object_id, {change}.object_name, {change}.organisation_path,
    {change}.before, {change}.after
)::text
