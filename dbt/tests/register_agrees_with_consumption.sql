{#
    The register's step over an interval is the interval's consumption, within the meter's resolution
    (0.005 м3, as measured on the utility's own day-sheets). It warns: the readings stand as they were sent.
#}
{{ config(severity='warn') }}

with

readings as (

    select * from {{ ref('stg_core__readings') }}
    where {{ at_changed_days('read_at', and_days_after=1) }}

),

changed_meters as (

    select
        meters.meter_id,
        meters.meter_code,
        meters.interval_minutes,
        changed_days.local_date

    from {{ ref('stg_quality__changed_days') }} as changed_days
    inner join {{ ref('stg_core__meters') }} as meters on changed_days.building_id = meters.building_id

),

registers as (

    select
        changed_meters.meter_code,
        readings.read_at,
        consumption.value as consumption_m3,
        following.value - readings.value as step_m3

    from changed_meters
    inner join readings
        on
            changed_meters.meter_id = readings.meter_id
            and readings.metric = 'consumption_cumulative'
            and changed_meters.local_date = (readings.read_at at time zone {{ local_zone() }})::date
            and readings.read_at >= {{ midnight_of('changed_meters.local_date') }}
            and readings.read_at < {{ midnight_of('(changed_meters.local_date + 1)') }}
    inner join readings as following
        on
            changed_meters.meter_id = following.meter_id
            and following.metric = 'consumption_cumulative'
            and readings.read_at + changed_meters.interval_minutes * interval '1 minute' = following.read_at
    inner join readings as consumption
        on
            changed_meters.meter_id = consumption.meter_id
            and consumption.metric = 'consumption_period'
            and readings.read_at = consumption.read_at

)

select *
from registers
where abs(step_m3 - consumption_m3) > 0.0051
