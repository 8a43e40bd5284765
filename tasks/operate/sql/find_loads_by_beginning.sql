select load_id
from {quality}.quality_load_log
where starts_with(load_id::text, :beginning)
order by load_id
limit 2
