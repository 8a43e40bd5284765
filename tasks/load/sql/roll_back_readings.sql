-- Where another effective load has the reading too, the latest one's value is in core again; what is left is for
-- delete_readings, a separate statement: of an UPDATE and a DELETE in one statement TimescaleDB does only the last to
-- readings that are in the columnstore, and says nothing. zone: that of local days; meters: null if there are too many
-- to name.
with

own_readings as materialized (

    select
        m.time,
        m.meter_id,
        m.metric,
        m.value,
        m.quality,
        m.load_id
    from {core}.measurements as m
    where
        m.load_id = any(:load_ids::uuid[])
        and m.time between :first_time and :last_time
        and (:meters::bigint[] is null or m.meter_id = any(:meters::bigint[]))

),

loads as materialized (

    select
        load_id,
        effective_at
    from {quality}.effective_loads
    where first_time <= :last_time and last_time >= :first_time

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
        and series.meter_id = any(array(select distinct own.meter_id from own_readings as own))

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
    inner join own_readings as own
        on staged.meter_id = own.meter_id and staged.time = own.time and staged.metric = own.metric::text
    union
    select
        own.time,
        own.meter_id,
        own.metric,
        revisions.old_value,
        revisions.old_quality,
        revisions.old_load_id
    from own_readings as own
    inner join {core}.measurement_revisions as revisions
        on own.meter_id = revisions.meter_id and own.time = revisions.time and own.metric = revisions.metric

),

replacements as (

    select distinct on (candidates.time, candidates.meter_id, candidates.metric) candidates.*
    from candidates
    left join loads on candidates.load_id = loads.load_id
    -- A value of no load was there before any: in an externally managed core.
    where loads.load_id is not null or candidates.load_id is null
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
        replacements.time is not null as is_replaced,
        ((own.value, own.quality) is distinct from (replacements.value, replacements.quality)) as is_changed
    from own_readings as own
    left join replacements
        on
            own.meter_id = replacements.meter_id
            and own.time = replacements.time
            and own.metric = replacements.metric

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
        and existing.meter_id = actions.meter_id
        and existing.time = actions.time
        and existing.metric = actions.metric
        and existing.time between :first_time and :last_time
        and (:meters::bigint[] is null or existing.meter_id = any(:meters::bigint[]))

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
        load_id, -- noqa: AL08
        'rollback'
    from actions
    where is_changed

),

changed_days as (

    insert into {quality}.changed_days (load_id, building_id, local_date)
    select distinct
        actions.load_id,
        itp.building_id,
        (actions.time at time zone :zone)::date
    from actions
    inner join {core}.meters as meters on actions.meter_id = meters.id
    inner join {core}.itp as itp on meters.itp_id = itp.id
    where actions.is_changed

)

select
    count(*) filter (where not is_replaced) as removed,
    count(*) filter (where is_replaced and is_changed) as restored,
    count(*) filter (where is_replaced and not is_changed) as unchanged
from actions
