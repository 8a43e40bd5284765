-- For loads that have just been merged. A row that is loaded from stage resolves its errors (what is still wrong with
-- it belongs to the new load); so does a replay those of its load, and a newer version of a file those of the older
-- ones, but for rows that wait for their code: these can still be loaded.
with

own as (

    select *
    from {quality}.quality_load_log
    where load_id = any(:load_ids::uuid[])

),

resolved as (

    select
        own.load_id,
        own.requeue_of as resolved_load_id,
        raw.table_num,
        raw.row_num,
        true as has_all_reasons
    from own
    inner join {stage}.raw_rows as raw on raw.load_id = any(:load_ids::uuid[]) and own.load_id = raw.load_id
    where own.requeue_of is not null
    union all
    select
        own.load_id,
        earlier.load_id, -- noqa: AL08
        null,
        null,
        earlier.status = 'failed' or earlier.load_id = own.replay_of
    from own
    inner join {quality}.quality_load_log as earlier
        on
            own.business_date = earlier.business_date
            and own.source_file = earlier.source_file
            and earlier.status in ('success', 'partial', 'failed', 'skipped')
            and own.load_id <> earlier.load_id
    where own.requeue_of is null

)

update {quality}.quality_row_errors as errors
set resolved_by = resolved.load_id
from resolved
where
    errors.load_id = resolved.resolved_load_id
    and errors.resolved_by is null
    and (resolved.row_num is null or (errors.table_num, errors.row_num) = (resolved.table_num, resolved.row_num))
    and (resolved.has_all_reasons or errors.reason <> 'unmapped_code')
