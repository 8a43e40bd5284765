-- $1, $2 first and last time, $3 meters (null: too many to name), $4 zone of local days.
-- Join first, then write only what is new or different: equal readings cost no write at all.
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

),

-- A row that waited in stage does not replace the value of a file that came after its own.
due as materialized (

    select changes.*
    from changes
    where
        is_new
        or not exists (
            select
            from {quality}.quality_load_log as mine
            join {quality}.quality_load_log as origin on mine.requeue_of = origin.load_id
            join {quality}.quality_load_log as writer on writer.load_id = changes.old_load_id
            where mine.load_id = changes.load_id and writer.effective_at > origin.effective_at
        )

),

inserted as (

    insert into {core}.measurements (time, meter_id, metric, value, quality, load_id)
    select time, meter_id, metric, value, quality, load_id
    from due
    where is_new
    order by meter_id, time, metric

),

updated as (

    update {core}.measurements as stored
    set value = due.value, quality = due.quality, load_id = due.load_id, updated_at = now()
    from due
    where
        not due.is_new
        and stored.meter_id = due.meter_id
        and stored.time = due.time
        and stored.metric = due.metric
        and stored.time between $1 and $2

),

revisions as (

    insert into {core}.measurement_revisions (
        time, meter_id, metric, old_value, new_value, old_quality, new_quality, old_load_id, load_id
    )
    select time, meter_id, metric, old_value, value, old_quality, quality, old_load_id, load_id
    from due
    where not is_new

),

changed as (

    insert into {quality}.changed_days (load_id, building_id, local_date)
    select distinct
        meter_days.load_id,
        itp.building_id,
        meter_days.local_date
    from (
        select distinct
            load_id,
            meter_id,
            (time at time zone $4)::date as local_date
        from due
    ) as meter_days
    join {core}.meters as meters on meter_days.meter_id = meters.id
    join {core}.itp as itp on meters.itp_id = itp.id

)

select
    load_id,
    count(*) filter (where is_new) as inserted,
    count(*) filter (where not is_new) as updated
from due
group by load_id
