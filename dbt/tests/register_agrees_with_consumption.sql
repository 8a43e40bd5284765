{#
    The register's step over an interval is the interval's consumption, within the meter's resolution
    (0.005 м3, as measured on the utility's own day-sheets). It warns: readings are kept as they were sent. Of the last
    interval of what is built the next register is not here.
#}
{{ config(severity='warn', tags='each_build') }}

with

steps as (

    select
        building_id,
        meter_id,
        interval_minutes,
        local_date,
        read_at,
        consumption_period as consumption_m3,
        lead(read_at) over following as next_read_at,
        lead(register_m3) over following - register_m3 as step_m3

    from {{ ref('int_meter_instants') }}
    where consumption_period is not null or register_m3 is not null
    window following as (partition by meter_id order by read_at)

)

select
    meters.meter_code,
    steps.read_at,
    steps.consumption_m3,
    steps.step_m3

from steps
inner join {{ ref('stg_quality__changed_days') }} as changed_days
    on steps.building_id = changed_days.building_id and steps.local_date = changed_days.local_date
inner join {{ ref('stg_core__meters') }} as meters
    on steps.meter_id = meters.meter_id and steps.read_at >= meters.since and steps.read_at < meters.until
where
    abs(steps.step_m3 - steps.consumption_m3) > 0.0051
    and steps.read_at + steps.interval_minutes * interval '1 minute' = steps.next_read_at
