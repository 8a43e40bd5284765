-- The units that core.readings names, metric by metric; no metric: the unit of all others.
with

definition as (

    select pg_get_viewdef('{core}.readings'::regclass) as view_text

)

select
    item[1] as metric,
    item[2] as unit
from definition
cross join lateral regexp_matches(definition.view_text, 'WHEN ''([^'']+)''[^'']*THEN ''([^'']*)''', 'g') as item
union all
select
    null as metric,
    substring(view_text from 'ELSE ''([^'']*)''') as unit
from definition
