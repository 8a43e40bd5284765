-- Open row errors of a severity by reason, with some examples of each.
with

loads as (

    select unnest(file.load_ids) as load_id
    from report_files as file
    where file.status <> 'rolled_back'

),

counts as (

    select
        error.reason,
        count(*) as count
    from {quality}.quality_row_errors as error
    where
        error.load_id in (select loads.load_id from loads)
        and error.resolved_by is null
        and error.severity = :severity
    group by error.reason

)

select
    counts.reason,
    counts.count,
    example.source_file,
    example.sheet,
    example.row_num,
    example.cell,
    example.column_name,
    example.metric,
    left(example.raw_value, 200) as raw_value
from counts
cross join
    lateral (
        select error.*
        from {quality}.quality_row_errors as error
        where
            error.load_id in (select loads.load_id from loads)
            and error.reason = counts.reason
            and error.resolved_by is null
            and error.severity = :severity
        limit :max_examples
    ) as example
order by counts.count desc, counts.reason asc, example.source_file asc, example.row_num asc, example.cell asc
