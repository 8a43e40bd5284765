-- How many times larger than the sample the table with all its partitions is.
with

relations as (

    select '{core}.measurements'::regclass as relid
    union
    select relid from pg_partition_tree('{core}.measurements'::regclass)

)

select sum(pg_relation_size(relid))::double precision / nullif(pg_relation_size('sample'), 0)
from relations
