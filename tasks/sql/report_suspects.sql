-- $1 loads, $2 examples of each reason.
with

numbered as (

    select
        *,
        count(*) over (partition by reason) as reason_count,
        row_number() over (partition by reason order by source_file, row_num) as place
    from {stage}.stage_parsed_measurements
    where load_id = any($1::uuid[]) and quality = 1

)

select
    reason,
    reason_count,
    source_file,
    sheet,
    row_num,
    column_ref || row_num as cell,
    metric as column_name,
    value::text as raw_value
from numbered
where place <= $2
order by reason_count desc, reason, place
