with

state as (

    select
        fingerprint,
        project
    from {quality}.transform_state
    where to_regclass('{features}.ml_hourly_by_building') is not null

),

changed as (

    select distinct
        building_id,
        local_date
    from {quality}.changed_days
    where taken

),

summary as (

    select
        count(*) as building_days,
        coalesce(array_agg(distinct local_date), '{}') as days
    from changed

)

select
    summary.building_days,
    summary.days,
    state.fingerprint,
    state.project
from summary
left join state on true
