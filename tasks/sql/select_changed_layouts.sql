with

loads as (

    select
        source,
        source_file,
        started_at,
        layout_fingerprint,
        lag(layout_fingerprint) over (partition by source, substring(source_file from '[^/]+/(.*)') order by started_at) as layout_before
    from {quality}.quality_load_log
    where layout_fingerprint is not null and started_at > now() - interval '31 days'

)

select
    source,
    started_at as since,
    source_file
from loads
where layout_before is not null and layout_fingerprint <> layout_before
order by started_at desc
limit 10
