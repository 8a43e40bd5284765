-- As it is written in a cast: core may be somebody else's.
select atttypid::regtype::text
from pg_attribute
where attrelid = '{core}.measurements'::regclass and attname = 'metric'
