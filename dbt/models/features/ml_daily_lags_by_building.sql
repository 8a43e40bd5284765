{{ config(materialized='view') }}

with

daily as (

    select
        ts,
        building_id,
        building_code,
        local_date,
        cold_register_start_m3,
        hot_register_start_m3,
        heat_register_start_gcal,
        {{ columns_with_completeness() }}

    from {{ ref('ml_daily_by_building') }}

)

-- By the calendar and not by row. The times are bounds for the index: a day has 23 to 25 hours.
select
    daily.ts,
    daily.building_id,
    daily.building_code,
    daily.local_date
    {%- for days in [7, 28] %}
    {%- for line in complete_columns().strip().splitlines() %}
    {%- set value, completeness = line.split() %},
    means.{{ value }}_mean_{{ days }}d,
    means.{{ completeness }}_{{ days }}d
    {%- endfor %}
    {%- endfor %},
    day_after.cold_register_start_m3 as cold_register_end_m3,
    day_after.hot_register_start_m3 as hot_register_end_m3,
    day_after.heat_register_start_gcal as heat_register_end_gcal

from daily
left join daily as day_after
    on
        daily.building_id = day_after.building_id
        and daily.local_date + 1 = day_after.local_date
        and daily.ts < day_after.ts
        and daily.ts + interval '26 hours' > day_after.ts
left join
    lateral (
        select
            {{ means_of_days('earlier', 'daily') }}

        from daily as earlier
        where
            daily.building_id = earlier.building_id
            and earlier.ts < daily.ts
            and earlier.ts >= daily.ts - interval '28 days 1 hour'
            and earlier.local_date >= daily.local_date - 28
    ) as means
    on true
