{{ config(materialized='view') }}

with

hourly as (

    select
        ts,
        building_id,
        building_code,
        local_date,
        {{ columns_with_completeness() }}

    from {{ ref('ml_hourly_by_building') }}

)

-- By time and not by row: an hour without a row is a gap, too.
select
    hourly.ts,
    hourly.building_id,
    hourly.building_code,
    hourly.local_date
    {%- for hours, earlier in [(24, 'day_before'), (168, 'week_before')] %}
    {%- for line in complete_columns().strip().splitlines() %}
    {%- set value, completeness = line.split() %},
    {{ earlier }}.{{ value }} as {{ value }}_lag_{{ hours }}h,
    {{ earlier }}.{{ completeness }} as {{ completeness }}_lag_{{ hours }}h
    {%- endfor %}
    {%- endfor %}

from hourly
left join hourly as day_before
    on hourly.building_id = day_before.building_id and day_before.ts = hourly.ts - interval '24 hours'
left join hourly as week_before
    on hourly.building_id = week_before.building_id and week_before.ts = hourly.ts - interval '168 hours'
