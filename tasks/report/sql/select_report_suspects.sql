-- $1 examples a reason.
with

loads as materialized (

    select log.load_id
    from report_files as file
    join {quality}.quality_load_log as log on file.load_id = log.load_id
    where log.rows_suspect > 0

),

suspects as (

    select parsed.*
    from {stage}.stage_parsed_measurements as parsed
    where parsed.quality = 1 and parsed.load_id in (select load_id from loads)

),

counts as (

    select
        reason,
        count(*) as count
    from suspects
    group by reason

)

select
    counts.reason,
    counts.count,
    example.source_file,
    example.sheet,
    example.row_num,
    example.column_ref || example.row_num as cell,
    example.column_ref as column_name,
    example.metric,
    example.value::text as raw_value
from counts
cross join lateral (
    select * from suspects where suspects.reason = counts.reason limit $1
) as example
order by counts.count desc, counts.reason, example.source_file, example.row_num, example.column_ref
