with

meters as (

    select * from {{ ref('stg_core__meters') }}

),

changed_days as (

    select * from {{ ref('stg_quality__changed_days') }}

)

-- The expected readings are computed for each. What began before the changed days, or ends after them, has no bound: so
-- most meters have the same.
select
    meter_id,
    kind,
    interval_minutes,
    building_id,
    {{ since_in_changed_days() }} as since,
    {{ until_in_changed_days() }} as until,
    register_digits,
    register_step

from meters
{% if only_changed_days() %}
where
    building_id in (select changed_days.building_id from changed_days)
    and {{ is_in_changed_days() }}
{% endif %}
