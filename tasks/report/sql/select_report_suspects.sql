-- Suspect readings by reason, with some examples of each.
with

loads as materialized (

    select log.load_id
    from report_files as file
    inner join {quality}.quality_load_log as log on file.load_id = log.load_id
    where log.rows_suspect > 0

),

suspects as (

    select
        parsed.source_file,
        parsed.sheet,
        parsed.row_num,
        parsed.column_ref,
        parsed.metric,
        parsed.value,
        parsed.reason
    from {stage}.parsed_readings as parsed
    where parsed.quality = 1 and parsed.load_id in (select loads.load_id from loads)

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
cross join
    lateral (
        select * from suspects
        where suspects.reason = counts.reason -- noqa: RF03
        limit :max_examples
    ) as example
order by counts.count desc, counts.reason asc, example.source_file asc, example.row_num asc, example.column_ref asc
