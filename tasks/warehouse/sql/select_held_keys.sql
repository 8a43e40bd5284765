-- Advisory locks with one key of 64 bits; pg_locks shows it in two halves.
select coalesce(array_agg(distinct classid::bigint << 32 | objid::bigint), array[]::bigint[])
from pg_locks
where
    locktype = 'advisory'
    and objsubid = 1
    and granted
    and database = (select oid from pg_database where datname = current_database())
