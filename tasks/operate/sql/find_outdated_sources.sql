-- Loads of rows that waited in stage go with the load that they came in.
with

mappings as (

    select
        own.name,
        own.digest
    from unnest(:names::text[], :digests::text[]) as own (name, digest)

)

select
    loads.source,
    (mappings.digest is distinct from loads.mapping_digest) as mapping_changed,
    count(*) as loads,
    min(loads.business_date) as first_day,
    max(loads.business_date) as last_day
from {quality}.effective_loads as loads
left join mappings on loads.source = mappings.name
where
    loads.requeue_of is null
    and loads.source is not null
    and (mappings.name is not null or :are_all)
    and (
        mappings.digest is distinct from loads.mapping_digest
        or loads.rules_digest is distinct from :rules_digest
    )
group by loads.source, mapping_changed
order by loads.source asc, mapping_changed desc
