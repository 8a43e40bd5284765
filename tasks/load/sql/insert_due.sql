-- $1, $2 first and last time, $3 meters (null: too many to name). What is new or different: equal readings cost no write.
insert into due
with

changes as materialized (

    select
        incoming.*,
        stored.load_id as old_load_id,
        stored.value as old_value,
        stored.quality as old_quality,
        stored.time is null as is_new
    from incoming
    left join {core}.measurements as stored
        on
            incoming.meter_id = stored.meter_id
            and incoming.time = stored.time
            and incoming.metric = stored.metric
            and stored.time between $1 and $2
            and ($3::bigint[] is null or stored.meter_id = any($3::bigint[]))
    where stored.time is null or (stored.value, stored.quality) is distinct from (incoming.value, incoming.quality)

)

select changes.*
from changes
where
    is_new
    -- A row that waited in stage does not replace the value of a file that came after its own.
    or not exists (
        select
        from {quality}.quality_load_log as mine
        join {quality}.quality_load_log as origin on mine.requeue_of = origin.load_id
        join {quality}.quality_load_log as writer on writer.load_id = changes.old_load_id
        where mine.load_id = changes.load_id and writer.effective_at > origin.effective_at
    )
