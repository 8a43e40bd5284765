select load_id
from {quality}.quality_load_log
where load_id = any(:load_ids::uuid[])
except
select load_id
from {quality}.loads_under_way
