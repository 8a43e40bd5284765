with

kind_metrics as (

    {{ kind_metrics() }}

),

instants as (

    {{ instants_and_steps('hour', 'ts, local_date') }}

)

select
    instants.building_id,
    instants.ts,
    instants.local_date,
    {{ sums_of_instants() }}

from instants
group by instants.building_id, instants.ts, instants.local_date
