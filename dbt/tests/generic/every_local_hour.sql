{# Every building-day that is over holds each of its local hours once: a missing hour is a row, not an absence. #}
{% test every_local_hour(model) %}

with

building_days as (

    select
        building_id,
        local_date,
        count(*) as hours
    from {{ model }}
    group by building_id, local_date

),

hours as (

    {{ hours_of('building_days') }}

),

hours_of_days as (

    select
        local_date,
        count(*) as hours
    from hours
    group by local_date

)

select
    building_days.building_id,
    building_days.local_date

from building_days
left join hours_of_days on building_days.local_date = hours_of_days.local_date
where
    building_days.hours is distinct from hours_of_days.hours
    and {{ midnight_of('(building_days.local_date + 1)') }} <= now()

{% endtest %}
