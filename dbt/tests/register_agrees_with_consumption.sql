{#
    The register's step over an interval is the interval's consumption, within the meter's resolution
    (0.005 м3, as measured on the utility's own day-sheets). It warns: readings are kept as they were sent.
    One pass over the readings: joined to themselves they would be read three times, without their index.
#}
{{ config(severity='warn', tags='each_build') }}

with

readings as (

    select * from {{ ref('stg_core__readings') }}
    where {{ at_changed_days('read_at', and_days_after=1) }}

),

changed_meters as (

    select distinct
        meters.meter_id,
        meters.meter_code,
        meters.interval_minutes,
        changed_days.local_date

    from {{ ref('stg_quality__changed_days') }} as changed_days
    inner join {{ ref('stg_core__meters') }} as meters on changed_days.building_id = meters.building_id

),

pairs as (

    select
        readings.meter_id,
        readings.read_at,
        max(readings.value) filter (where readings.metric = 'consumption_cumulative') as register_m3,
        max(readings.value) filter (where readings.metric = 'consumption_period') as consumption_m3

    from readings
    where
        readings.metric in ('consumption_cumulative', 'consumption_period')
        and readings.meter_id in (select changed_meters.meter_id from changed_meters)
    group by readings.meter_id, readings.read_at

),

steps as (

    select
        pairs.*,
        lead(pairs.read_at) over following as next_read_at,
        lead(pairs.register_m3) over following - pairs.register_m3 as step_m3

    from pairs
    window following as (partition by pairs.meter_id order by pairs.read_at)

)

select
    changed_meters.meter_code,
    steps.read_at,
    steps.consumption_m3,
    steps.step_m3

from steps
inner join changed_meters
    on
        steps.meter_id = changed_meters.meter_id
        and (steps.read_at at time zone {{ local_zone() }})::date = changed_meters.local_date
        and steps.read_at + changed_meters.interval_minutes * interval '1 minute' = steps.next_read_at
where abs(steps.step_m3 - steps.consumption_m3) > 0.0051
