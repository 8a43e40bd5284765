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
    inner join meters
        on
            readings.meter_id = meters.meter_id
            and readings.read_at >= meters.since
            and readings.read_at < meters.until
    {% endif %}

),

meter_days as (

    select distinct
        meters.building_id,
        meters.meter_id,
        meters.kind,
        meters.interval_minutes,
        meters.since,
        meters.until,
        meters.register_digits,
        meters.register_step,
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

    select distinct
        interval_minutes,
        since,
        until

    from meters

),

slots as (

    {{ slots_of_days() }}

),

-- Days, or what of them a meter was there, on which it sent no readings of the intervals. Looked for meter by meter:
-- most have the first one.
register_days as (

    select
        meter_days.*,
        greatest(days.ts, meter_days.since) as part_start,
        least(days.day_end, meter_days.until) as part_end,
        days.ts < meter_days.since or days.day_end > meter_days.until as is_part,
        days.minutes as day_minutes,
        registers.metric,
        registers.register

    from meter_days
    inner join registers on meter_days.kind = registers.kind
    inner join days
        on
            meter_days.local_date = days.local_date
            and meter_days.since < days.day_end
            and meter_days.until > days.ts
    left join lateral (
        select readings.metric

        from readings
        where
            readings.meter_id = meter_days.meter_id
            and readings.metric = registers.metric
            and readings.read_at >= greatest(days.ts, meter_days.since)
            and readings.read_at < least(days.day_end, meter_days.until)
            {% if only_changed_days() %}
            and {{ at_changed_days('readings.read_at') }}
            {% endif %}
        order by readings.read_at
        limit 1
    ) as of_intervals on true
    where of_intervals.metric is null

),

-- To the midnight after the day, or to the meter's end.
register_readings as (

    select
        register_days.*,
        readings.read_at,
        readings.value,
        lag(readings.value) over meter_day as last_value

    from register_days
    inner join readings
        on
            register_days.meter_id = readings.meter_id
            and register_days.register = readings.metric
            and register_days.part_start <= readings.read_at
            and register_days.part_end >= readings.read_at
    {% if only_changed_days() %}
    where {{ at_changed_days('readings.read_at', and_days_after=1) }}
    {% endif %}
    window meter_day as (
        partition by register_days.meter_id, register_days.metric, register_days.local_date, register_days.since
        order by readings.read_at
    )

),

-- A register whose digits are known begins again from zero once it is full. Where it falls otherwise, and not only by
-- rounding, something has happened that nobody has told, such as an exchange.
counted_falls as (

    select
        building_id,
        meter_id,
        kind,
        interval_minutes,
        since,
        until,
        local_date,
        part_start,
        part_end,
        is_part,
        day_minutes,
        metric,
        read_at,
        value + coalesce(count(*) filter (where is_rollover) over readings_before * 10 ^ register_digits, 0) as value,
        count(*) filter (where not is_rollover and value < last_value - coalesce(register_step, 0) / 2)
            over readings_before as falls

    from (
        select
            *,
            coalesce(
                last_value >= 0.9 * 10 ^ register_digits and value < 0.1 * 10 ^ register_digits, false
            ) as is_rollover

        from register_readings
    ) as register_readings
    window readings_before as (partition by meter_id, metric, local_date, since order by read_at)

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
    where hours.ts is not null or counted_falls.read_at = counted_falls.part_end
    window meter_day as (
        partition by counted_falls.meter_id, counted_falls.metric, counted_falls.local_date, counted_falls.since
        order by counted_falls.read_at
    )

),

hour_steps as (

    select
        building_id,
        meter_id,
        kind,
        interval_minutes,
        since,
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
        since,
        until,
        local_date,
        metric,
        is_part,
        part_start as ts,
        day_minutes as minutes,
        max(value) filter (where read_at = part_end) - max(value) filter (where read_at = part_start) as value

    from counted_falls
    group by
        building_id, meter_id, kind, interval_minutes, since, until, local_date, metric, is_part, part_start,
        day_minutes
    having max(falls) = 0

),

steps_of_hours as (

    select
        meter_id,
        metric,
        local_date,
        since,
        sum(value) as value,
        sum(slots) as slots

    from hour_steps
    group by meter_id, metric, local_date, since

),

-- What a day has beyond its hours: where hours lack a reading, or tell nothing, the day is known all the same.
day_rests as (

    select
        day_steps.building_id,
        day_steps.meter_id,
        day_steps.kind,
        day_steps.interval_minutes,
        day_steps.since,
        day_steps.local_date,
        day_steps.metric,
        'day' as grain,
        day_steps.ts,
        day_steps.minutes,
        day_steps.value - coalesce(of_hours.value, 0) as value,
        (coalesce(slots.slots, 0) - coalesce(of_hours.slots, 0))::integer as slots,
        day_steps.is_part

    from day_steps
    left join slots
        on
            day_steps.local_date = slots.local_date
            and day_steps.interval_minutes = slots.interval_minutes
            and day_steps.since = slots.since
            and day_steps.until = slots.until
    left join steps_of_hours as of_hours
        on
            day_steps.meter_id = of_hours.meter_id
            and day_steps.metric = of_hours.metric
            and day_steps.local_date = of_hours.local_date
            and day_steps.since = of_hours.since

)

select
    building_id,
    meter_id,
    kind,
    interval_minutes,
    local_date,
    metric,
    grain,
    ts,
    minutes,
    value,
    slots

from hour_steps
union all
select
    building_id,
    meter_id,
    kind,
    interval_minutes,
    local_date,
    metric,
    grain,
    ts,
    minutes,
    value,
    slots

from day_rests
where value is not null and (slots > 0 or is_part)
