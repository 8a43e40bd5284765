-- :load_ids loads that have just been loaded. A row that is loaded from stage resolves its errors (what is still
-- wrong with it stands under the new load); so does a replay those of its load, and a newer version of
-- a file those of the older ones, but for rows that wait for their code: these still load.
with

mine as (

    select * from {quality}.quality_load_log where load_id = any(:load_ids::uuid[])

),

resolved as (

    select
        mine.load_id,
        mine.requeue_of as of,
        raw.table_num,
        raw.row_num,
        true as all_reasons
    from mine
    join {stage}.raw_rows as raw on raw.load_id = any(:load_ids::uuid[]) and mine.load_id = raw.load_id
    where mine.requeue_of is not null
    union all
    select
        mine.load_id,
        earlier.load_id,
        null,
        null,
        earlier.load_id = mine.replay_of
    from mine
    join {quality}.quality_load_log as earlier
        on
            mine.business_date = earlier.business_date
            and mine.source_file = earlier.source_file
            and earlier.status in ('success', 'partial')
            and earlier.load_id <> mine.load_id
    where mine.requeue_of is null

)

update {quality}.quality_row_errors as errors
set resolved_by = resolved.load_id
from resolved
where
    errors.load_id = resolved.of
    and errors.resolved_by is null
    and (resolved.row_num is null or (errors.table_num, errors.row_num) = (resolved.table_num, resolved.row_num))
    and (resolved.all_reasons or errors.reason <> 'unmapped_code')
