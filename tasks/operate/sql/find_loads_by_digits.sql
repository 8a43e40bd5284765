-- Loads whose id lies between the bounds (begins with some digits) or ends with them. Reads the whole load log, about
-- half a second a million loads: no index knows how an id ends.
select load_id
from {quality}.quality_load_log
where
    load_id between :lowest and :highest
    or encode(uuid_send(load_id), 'hex') like '%' || :digits::text
order by load_id
limit 2
