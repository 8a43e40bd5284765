-- As it is written in a cast: core may be managed externally.
select atttypid::regtype::text
from pg_attribute
where attrelid = '{core}.measurements'::regclass and attname = 'metric'
