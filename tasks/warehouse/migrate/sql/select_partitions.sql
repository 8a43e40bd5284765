select relid::text as name
from pg_partition_tree('{core}.measurements'::regclass)
where isleaf
order by name
