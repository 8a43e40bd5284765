-- $1 loads to take back, $2, $3 their first and last time, $4 meters (null: too many to name), $5 zone of
-- local days. Where another load that still counts holds the reading, the latest one's value stands again; what is
-- left is for remove_readings, a statement of its own: of an UPDATE and a DELETE in one statement TimescaleDB does
-- only the last to readings that are in the columnstore, and says nothing.
with

standing as materialized (

    select
        m.time,
        m.meter_id,
        m.metric,
        m.value,
        m.quality,
        m.load_id
    from {core}.measurements as m
    where
        m.load_id = any($1::uuid[])
        and m.time between $2 and $3
        and ($4::bigint[] is null or m.meter_id = any($4::bigint[]))

),

counting as materialized (

    select load_id, effective_at
    from {quality}.quality_load_log
    where
        status in ('success', 'partial')
        and rolled_back_at is null
        and first_time <= $3
        and last_time >= $2

),

-- Unpacked once: joined to what stands by its meter alone, each series would be unpacked for each of its readings.
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
        and series.load_id = any(array(select load_id from counting))
        and series.meter_id = any(array(select distinct meter_id from standing))

),

-- Stage knows what each load held, also where it changed nothing; revisions know it after stage is cleared.
held as (

    select
        s.time,
        s.meter_id,
        s.metric,
        p.value,
        p.quality,
        p.load_id
    from staged as p
    join standing as s on p.meter_id = s.meter_id and p.time = s.time and p.metric = s.metric::text
    union
    select
        s.time,
        s.meter_id,
        s.metric,
        r.old_value,
        r.old_quality,
        r.old_load_id
    from standing as s
    join {core}.measurement_revisions as r
        on s.meter_id = r.meter_id and s.time = r.time and s.metric = r.metric

),

replacement as (

    select distinct on (held.time, held.meter_id, held.metric) held.*
    from held
    left join counting on held.load_id = counting.load_id
    -- A value of no load was there before any: in a core that somebody else filled.
    where counting.load_id is not null or held.load_id is null
    order by held.time, held.meter_id, held.metric, counting.effective_at desc nulls last, held.load_id desc

),

fates as materialized (

    select
        s.*,
        r.value as new_value,
        r.quality as new_quality,
        r.load_id as new_load_id,
        r.time is not null as is_held,
        (s.value, s.quality) is distinct from (r.value, r.quality) as differs
    from standing as s
    left join replacement as r
        on s.meter_id = r.meter_id and s.time = r.time and s.metric = r.metric

),

restored as (

    update {core}.measurements as stored
    set value = fates.new_value, quality = fates.new_quality, load_id = fates.new_load_id, updated_at = now()
    from fates
    where
        fates.is_held
        and stored.meter_id = fates.meter_id
        and stored.time = fates.time
        and stored.metric = fates.metric
        and stored.time between $2 and $3
        and ($4::bigint[] is null or stored.meter_id = any($4::bigint[]))

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
        load_id,
        'rollback'
    from fates
    where differs

),

changed as (

    insert into {quality}.changed_days (load_id, building_id, local_date)
    select distinct
        fates.load_id,
        itp.building_id,
        (fates.time at time zone $5)::date
    from fates
    join {core}.meters as meters on fates.meter_id = meters.id
    join {core}.itp as itp on meters.itp_id = itp.id
    where fates.differs

)

select
    count(*) filter (where not is_held) as removed,
    count(*) filter (where is_held and differs) as restored,
    count(*) filter (where is_held and not differs) as held_by_others
from fates
