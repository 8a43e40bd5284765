-- Advisory locks with one key of 64 bits; pg_locks shows it in two halves.
select coalesce(array_agg(distinct locks.classid::bigint << 32 | locks.objid::bigint), array[]::bigint[])
from pg_locks as locks
inner join pg_database as databases on locks.database = databases.oid
where
    locks.locktype = 'advisory'
    and locks.objsubid = 1
    and locks.granted
    and databases.datname = current_database()
