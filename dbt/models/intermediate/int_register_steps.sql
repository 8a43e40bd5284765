with

meters as (

    select * from {{ ref('int_changed_meters') }}

),

kind_metrics as (

    {{ kind_metrics() }}

),

readings as not materialized (

    select * from {{ ref('stg_core__readings') }}

),

registers as (

    select
        of_intervals.kind,
        of_intervals.metric,
        of_intervals.bit,
        of_registers.metric as register,
        of_registers.bit as register_bit

    from kind_metrics as of_intervals
    inner join {{ ref('stg_quality__metrics') }} as metrics on of_intervals.metric = metrics.register_of
    inner join kind_metrics as of_registers
        on of_intervals.kind = of_registers.kind and metrics.metric = of_registers.metric
    where of_intervals.quantity is not null

),

-- Days, or what of them a meter was there, with the metrics of which it sent anything.
reported as (

    select
        meter_id,
        since,
        local_date,
        bit_or(metrics) as metrics

    from {{ ref('int_meter_instants') }}
    group by meter_id, since, local_date

),

meter_days as (

    select
        meters.*,
        reported.local_date,
        reported.metrics

    from reported
    inner join meters on reported.meter_id = meters.meter_id and reported.since = meters.since

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

-- Those on which it sent registers, and no readings of the intervals.
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
    inner join registers
        on
            meter_days.kind = registers.kind
            and meter_days.metrics & registers.bit = 0
            and meter_days.metrics & registers.register_bit <> 0
    inner join days on meter_days.local_date = days.local_date

),

-- To the midnight after the day, or to the meter's end. Looked for meter by meter: few have such a day.
register_readings as (

    select
        register_days.*,
        readings.read_at,
        readings.value,
        lag(readings.value) over meter_day as last_value

    from register_days
    cross join
        lateral (
            select
                readings.read_at,
                readings.value

            from readings
            where
                readings.meter_id = register_days.meter_id
                and readings.metric = register_days.register
                and readings.read_at between register_days.part_start and register_days.part_end
                {% if only_changed_days() %}
                and {{ at_changed_days('readings.read_at', and_days_after=1) }}
                {% endif %}
            order by readings.read_at
        ) as readings
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
