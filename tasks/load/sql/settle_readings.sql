-- Gives each unsettled reading the value of the latest effective load that has it; a newer version of a file that
-- replaces days stands in the place of the older ones. What is left is for delete_withdrawn, a separate statement: of
-- an UPDATE and a DELETE in one statement TimescaleDB does only the last to readings that are in the columnstore, and
-- says nothing. zone: that of local days; meters: null if there are too many to name.
with

loads as materialized (

    select
        load_id,
        effective_at
    from {quality}.effective_loads
    where first_time <= :last_time and last_time >= :first_time

),

replaced_days as materialized (

    select
        load_id,
        meter_id,
        metric,
        local_date
    from {quality}.replaced_days(array(select loads.load_id from loads), :zone)

),

-- Unpacked once: joined to the readings by its meter alone, each series would be unpacked for each of its readings.
-- Not by stage.parsed_readings, which unpacks the row numbers as well.
staged as materialized (

    select
        series.load_id,
        series.meter_id,
        series.metric,
        series.quality,
        r.time_utc at time zone 'UTC' as time,
        r.value
    from {stage}.parsed_series as series
    cross join lateral unnest(series.times_utc, series.readings) as r (time_utc, value)
    where
        series.quality < 2
        and series.load_id = any(array(select loads.load_id from loads))
        and series.meter_id = any(array(select distinct own.meter_id from unsettled as own))

),

-- Stage knows what each load had, also where it changed nothing; revisions know it after stage is purged.
candidates as (

    select
        own.time,
        own.meter_id,
        own.metric,
        staged.value,
        staged.quality,
        staged.load_id
    from staged
    inner join unsettled as own
        on staged.meter_id = own.meter_id and staged.time = own.time and staged.metric = own.metric::text
    union
    select
        own.time,
        own.meter_id,
        own.metric,
        revisions.old_value,
        revisions.old_quality,
        revisions.old_load_id
    from unsettled as own
    inner join {core}.measurement_revisions as revisions
        on own.meter_id = revisions.meter_id and own.time = revisions.time and own.metric = revisions.metric
    where revisions.old_value is not null
    union
    select
        own.time,
        own.meter_id,
        own.metric,
        own.value,
        own.quality,
        own.load_id
    from unsettled as own
    where not own.is_withdrawn and own.value is not null

),

replacements as (

    select distinct on (candidates.time, candidates.meter_id, candidates.metric) candidates.*
    from candidates
    left join loads on candidates.load_id = loads.load_id
    where
        -- A value of no load was there before any: in an externally managed core.
        (loads.load_id is not null or candidates.load_id is null)
        and not exists (
            select
            from replaced_days
            where
                replaced_days.load_id = candidates.load_id
                and replaced_days.meter_id = candidates.meter_id
                and replaced_days.metric = candidates.metric::text
                and replaced_days.local_date = (candidates.time at time zone :zone)::date
        )
    order by
        candidates.time asc,
        candidates.meter_id asc,
        candidates.metric asc,
        loads.effective_at desc nulls last,
        candidates.load_id desc

),

actions as materialized (

    select
        own.*,
        replacements.value as new_value,
        replacements.quality as new_quality,
        replacements.load_id as new_load_id,
        own.value is not null as is_in_core,
        replacements.time is not null as is_replaced,
        ((own.value, own.quality) is distinct from (replacements.value, replacements.quality)) as is_changed
    from unsettled as own
    left join replacements
        on
            own.meter_id = replacements.meter_id
            and own.time = replacements.time
            and own.metric = replacements.metric
    where own.is_withdrawn or own.load_id is distinct from replacements.load_id

),

replaced as (

    update {core}.measurements as existing
    set
        value = actions.new_value,
        quality = actions.new_quality,
        load_id = actions.new_load_id,
        updated_at = now()
    from actions
    where
        actions.is_replaced
        and actions.is_in_core
        and existing.meter_id = actions.meter_id
        and existing.time = actions.time
        and existing.metric = actions.metric
        and existing.time between :first_time and :last_time
        and (:meters::bigint[] is null or existing.meter_id = any(:meters::bigint[]))

),

returned as (

    insert into {core}.measurements (time, meter_id, metric, value, quality, load_id)
    select
        time,
        meter_id,
        metric,
        new_value,
        new_quality,
        new_load_id
    from actions
    where is_replaced and not is_in_core

),

revisions as (

    insert into {core}.measurement_revisions (
        time, meter_id, metric, old_value, new_value, old_quality, new_quality, old_load_id, load_id, change
    )
    select
        time,
        meter_id,
        metric,
        value,
        new_value,
        quality,
        new_quality,
        load_id,
        withdrawn_by,
        :change
    from actions
    where is_changed

),

changed_days as (

    insert into {quality}.changed_days (load_id, building_id, local_date)
    select distinct
        actions.withdrawn_by,
        itp.building_id,
        (actions.time at time zone :zone)::date
    from actions
    inner join {core}.meters as meters on actions.meter_id = meters.id
    inner join {core}.itp as itp on meters.itp_id = itp.id
    where actions.is_changed

)

select
    count(*) filter (where is_in_core and not is_replaced) as removed,
    count(*) filter (where is_replaced and is_changed) as restored,
    count(*) filter (where is_replaced and not is_changed) as unchanged
from actions
