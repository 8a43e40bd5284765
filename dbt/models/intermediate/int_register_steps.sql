with

changed_days as (

    select * from {{ ref('stg_quality__changed_days') }}

),

meters as (

    {{ meters_of_changed_buildings() }}

),

kind_metrics as (

    {{ kind_metrics() }}

),

readings as not materialized (

    select * from {{ ref('stg_core__readings') }}

),

registers as (

    select
        kind_metrics.kind,
        kind_metrics.metric,
        metrics.metric as register

    from kind_metrics
    inner join {{ ref('stg_quality__metrics') }} as metrics on kind_metrics.metric = metrics.register_of
    where kind_metrics.quantity is not null and kind_metrics.is_on_grid

),

building_days as (

    {% if only_changed_days() %}
    select
        building_id,
        local_date

    from changed_days
    where {{ in_changed_days('local_date') }}
    {% else %}
    select
        meters.building_id,
        (readings.read_at at time zone {{ local_zone() }})::date as local_date

    from readings
    inner join meters on readings.meter_id = meters.meter_id
    {% endif %}

),

meter_days as (

    select distinct
        meters.building_id,
        meters.meter_id,
        meters.kind,
        meters.interval_minutes,
        building_days.local_date

    from meters
    inner join building_days on meters.building_id = building_days.building_id

),

hours as (

    {{ hours_of('meter_days') }}

),

days as (

    {{ days_of('hours') }}

),

intervals as (

    select distinct interval_minutes from meters

),

slots as (

    {{ slots_of_days() }}

),

-- Days on which a meter sent no readings of the intervals. Looked for meter by meter: most have the first one.
register_days as (

    select
        meter_days.building_id,
        meter_days.meter_id,
        meter_days.kind,
        meter_days.interval_minutes,
        meter_days.local_date,
        days.ts as day_start,
        days.day_end,
        days.minutes as day_minutes,
        registers.metric,
        registers.register

    from meter_days
    inner join registers on meter_days.kind = registers.kind
    inner join days on meter_days.local_date = days.local_date
    left join lateral (
        select readings.metric

        from readings
        where
            readings.meter_id = meter_days.meter_id
            and readings.metric = registers.metric
            and readings.read_at >= days.ts
            and readings.read_at < days.day_end
            {% if only_changed_days() %}
            and {{ at_changed_days('readings.read_at') }}
            {% endif %}
        order by readings.read_at
        limit 1
    ) as of_intervals on true
    where of_intervals.metric is null

),

-- To the midnight after the day. A register falls where it rolls over, or the meter was exchanged.
register_readings as (

    select
        register_days.*,
        readings.read_at,
        readings.value,
        readings.value < lag(readings.value) over meter_day as is_fall

    from register_days
    inner join readings
        on
            register_days.meter_id = readings.meter_id
            and register_days.register = readings.metric
            and register_days.day_start <= readings.read_at
            and register_days.day_end >= readings.read_at
    {% if only_changed_days() %}
    where {{ at_changed_days('readings.read_at', and_days_after=1) }}
    {% endif %}
    window meter_day as (
        partition by register_days.meter_id, register_days.metric, register_days.local_date order by readings.read_at
    )

),

counted_falls as (

    select
        *,
        count(*) filter (where is_fall) over (
            partition by meter_id, metric, local_date order by read_at
        ) as falls

    from register_readings

),

-- The readings with which hours begin, each beside the next, and the one with which the day ends.
hour_marks as (

    select
        counted_falls.*,
        hours.ts,
        hours.minutes,
        lead(counted_falls.read_at) over meter_day as next_read_at,
        lead(counted_falls.value) over meter_day as next_value,
        lead(counted_falls.falls) over meter_day as next_falls

    from counted_falls
    left join hours on counted_falls.local_date = hours.local_date and counted_falls.read_at = hours.begins_at
    where hours.ts is not null or counted_falls.read_at = counted_falls.day_end
    window meter_day as (
        partition by counted_falls.meter_id, counted_falls.metric, counted_falls.local_date
        order by counted_falls.read_at
    )

),

hour_steps as (

    select
        building_id,
        meter_id,
        kind,
        interval_minutes,
        local_date,
        metric,
        'hour' as grain,
        ts,
        minutes,
        next_value - value as value,
        greatest(minutes / interval_minutes, 1) as slots

    from hour_marks
    where
        interval_minutes <= 60
        and next_read_at = read_at + minutes * interval '1 minute'
        and next_falls = falls

),

day_steps as (

    select
        building_id,
        meter_id,
        kind,
        interval_minutes,
        local_date,
        metric,
        day_start as ts,
        day_minutes as minutes,
        max(value) filter (where read_at = day_end) - max(value) filter (where read_at = day_start) as value

    from counted_falls
    group by building_id, meter_id, kind, interval_minutes, local_date, metric, day_start, day_minutes
    having max(falls) = 0

),

steps_of_hours as (

    select
        meter_id,
        metric,
        local_date,
        sum(value) as value,
        sum(slots) as slots

    from hour_steps
    group by meter_id, metric, local_date

),

-- What a day has beyond its hours: where hours lack a reading, or tell nothing, the day is known all the same.
day_rests as (

    select
        day_steps.building_id,
        day_steps.meter_id,
        day_steps.kind,
        day_steps.interval_minutes,
        day_steps.local_date,
        day_steps.metric,
        'day' as grain,
        day_steps.ts,
        day_steps.minutes,
        day_steps.value - coalesce(of_hours.value, 0) as value,
        (slots.slots - coalesce(of_hours.slots, 0))::integer as slots

    from day_steps
    inner join slots
        on day_steps.local_date = slots.local_date and day_steps.interval_minutes = slots.interval_minutes
    left join steps_of_hours as of_hours
        on
            day_steps.meter_id = of_hours.meter_id
            and day_steps.metric = of_hours.metric
            and day_steps.local_date = of_hours.local_date

)

select * from hour_steps
union all
select * from day_rests
where value is not null and slots > 0
