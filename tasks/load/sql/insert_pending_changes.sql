-- What is new or different: equal readings cost no write. meters: null if there are too many to name.
insert into pending_changes
with

changed_rows as materialized (

    select
        incoming.*,
        existing.load_id as old_load_id,
        existing.value as old_value,
        existing.quality as old_quality,
        coalesce(existing.updated_at, existing.inserted_at, '-infinity') as old_since,
        existing.time is null as is_new
    from incoming
    left join {core}.measurements as existing
        on
            incoming.meter_id = existing.meter_id
            and incoming.time = existing.time
            and incoming.metric = existing.metric
            and existing.time between :first_time and :last_time
            and (:meters::bigint[] is null or existing.meter_id = any(:meters::bigint[]))
    where
        existing.time is null
        or (existing.value, existing.quality) is distinct from (incoming.value, incoming.quality)

)

select changed_rows.* -- noqa: AM04
from changed_rows
where
    changed_rows.is_new
    -- What waited, a row in stage or a held load, does not replace the value of a file that came after its own.
    or not exists (
        select
        from {quality}.quality_load_log as own
        left join {quality}.quality_load_log as origin on own.requeue_of = origin.load_id
        inner join {quality}.quality_load_log as writer on writer.load_id = changed_rows.old_load_id
        where
            own.load_id = changed_rows.load_id
            and writer.effective_at > coalesce(origin.effective_at, own.effective_at)
    )
