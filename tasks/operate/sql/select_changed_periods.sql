select
    changed.table_name,
    coalesce(meters.external_code, buildings.external_code) as code,
    'periods' as column_name,
    changed.before,
    changed.after
from changed_periods as changed
left join {core}.meters as meters on changed.id = meters.id and changed.table_name = 'meters'
left join {core}.buildings as buildings on changed.id = buildings.id and changed.table_name = 'buildings'
order by changed.table_name, coalesce(meters.external_code, buildings.external_code)
