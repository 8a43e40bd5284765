-- $1 loads, $2 examples of each reason.
with

numbered as (

    select
        *,
        count(*) over (partition by reason) as reason_count,
        row_number() over (partition by reason order by source_file, row_num) as place
    from {quality}.quality_row_errors
    where load_id = any($1::uuid[])

)

select
    reason,
    reason_count,
    source_file,
    sheet,
    row_num,
    cell,
    column_name,
    left(raw_value, 80) as raw_value
from numbered
where place <= $2
order by reason_count desc, reason, place
