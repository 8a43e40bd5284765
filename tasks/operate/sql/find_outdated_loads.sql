-- mapping_digest: null if the source has no mapping any more. Loads of rows that waited in stage go with the load that
-- they came in.
select
    load_id,
    business_date,
    source_file
from {quality}.effective_loads
where
    source = :source
    and requeue_of is null
    and business_date between :first_day and :last_day
    and (
        :mapping_digest::text is null
        or mapping_digest is distinct from :mapping_digest
        or rules_digest is distinct from :rules_digest
    )
order by business_date, effective_at, load_id
