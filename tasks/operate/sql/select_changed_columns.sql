-- Files whose columns differ from those of the previous file of their kind: the same path, whatever its numbers.
with

loads as (

    select
        log.source,
        log.source_file,
        log.started_at,
        log.layout_fingerprint,
        jsonb_path_query_array(layouts.layout, '$[*].columns[*].heading') as headings,
        regexp_replace(substring(log.source_file from '[^/]+/(.*)'), '\d+', '#', 'g') as kind
    from {quality}.quality_load_log as log
    inner join {quality}.load_layouts as layouts on log.load_id = layouts.load_id
    where log.layout_fingerprint is not null and log.started_at > now() - interval '31 days'

),

pairs as (

    select
        *,
        lag(layout_fingerprint) over (partition by source, kind order by started_at) as fingerprint_before,
        lag(headings) over (partition by source, kind order by started_at) as headings_before
    from loads

)

select
    source,
    started_at as since,
    source_file,
    array(
        select jsonb_array_elements_text(headings)
        except
        select jsonb_array_elements_text(headings_before)
        order by 1
    ) as added,
    array(
        select jsonb_array_elements_text(headings_before)
        except
        select jsonb_array_elements_text(headings)
        order by 1
    ) as removed
from pairs
where fingerprint_before is not null and layout_fingerprint <> fingerprint_before
order by started_at desc -- noqa: AM06
limit 10
