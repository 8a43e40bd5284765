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

-- Of a meter that is read less often than by the hour nothing is counted, but the hour is here.
metered as not materialized (

    select
        meters.building_id,
        meters.meter_id,
        meters.kind,
        meters.interval_minutes,
        readings.read_at,
        date_trunc('hour', readings.read_at, {{ local_zone() }}) as bucket,
        readings.metric,
        readings.value,
        readings.quality,
        meters.interval_minutes as minutes,
        case
            when meters.interval_minutes <= 60 then {{ is_on_grid('readings.read_at', 'meters.interval_minutes') }}
        end as is_on_grid,
        1 as slots

    from {{ ref('stg_core__readings') }} as readings
    inner join meters
        on
            readings.meter_id = meters.meter_id
            and readings.read_at >= meters.since
            and readings.read_at < meters.until
    {% if only_changed_days() %}
    where {{ at_changed_days('readings.read_at') }}
    {% endif %}
    union all
    select
        {{ columns_of_steps('steps.ts') }}

    from {{ ref('int_register_steps') }} as steps
    where steps.grain = 'hour'

),

counted as (

    {{ counted_readings() }}

),

weighted as (

    {{ weighted_by_flow() }}

)

select
    counted.building_id,
    counted.bucket as ts,
    (counted.bucket at time zone {{ local_zone() }})::date as local_date,
    {{ columns_of_counted('counted') }},
    {{ columns_of_most('max(counted.?_readings) over building_day') }},
    counted.readings_surplus,
    counted.readings_on_grid,
    counted.readings_any_time,
    counted.readings_suspect,
    weighted.t1_weighted,
    weighted.t1_weight,
    weighted.t2_weighted,
    weighted.t2_weight

from counted
left join weighted on counted.building_id = weighted.building_id and counted.bucket = weighted.bucket
window building_day as (partition by counted.building_id, (counted.bucket at time zone {{ local_zone() }})::date)
