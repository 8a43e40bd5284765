with

state as (

    select
        fingerprint,
        project
    from {quality}.transform_state
    where to_regclass('{features}.ml_hourly_by_building') is not null

)

select
    count(distinct (building_id, local_date)) as building_days,
    coalesce(array_agg(distinct local_date), '{}') as days,
    (select fingerprint from state) as fingerprint,
    (select project from state) as project
from {quality}.changed_days
where taken
