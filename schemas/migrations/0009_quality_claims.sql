-- Locks that a reader cannot hold up: tables instead of advisory locks, which anyone may take. Of one content one load
-- at a time is under way, and one counts; a replay is a new load of known content.
create table {quality}.transform_lock ();
comment on table {quality}.transform_lock is
'Always empty. Locked by the one transform that runs: two dbt builds collide.';
create table {quality}.requeue_lock ();
comment on table {quality}.requeue_lock is
'Always empty. Locked while rows to requeue are chosen, so that none is loaded twice.';
create table {quality}.loads_lock ();
comment on table {quality}.loads_lock is
'Always empty. Shared by each merge into core; exclusive for a rollback, which must see all that they wrote.';

create index on {quality}.quality_load_log (claim_key) where status = 'running';
create unique index on {quality}.quality_load_log (checksum, identity) nulls not distinct
where status = 'running' and checksum is not null;
create unique index on {quality}.quality_load_log (checksum, identity) nulls not distinct
where status in ('success', 'partial') and checksum is not null and replay_of is null;

-- Advisory locks with one key of 64 bits; pg_locks shows it in two halves. Looking at a lock is not trying it: who
-- tries a key holds it for a moment, and another who looks then takes a dead run for a living one.
create view {quality}.claim_holders as
select
    locks.classid::bigint << 32 | locks.objid::bigint as claim_key,
    locks.pid
from pg_locks as locks
inner join pg_database as databases on locks.database = databases.oid
inner join pg_stat_activity as sessions on locks.pid = sessions.pid
where
    locks.locktype = 'advisory'
    and locks.objsubid = 1
    and locks.granted
    and databases.datname = current_database()
    -- A reader may lock any key, and is no run.
    and has_table_privilege(sessions.usesysid, '{quality}.quality_load_log', 'insert');
comment on view {quality}.claim_holders is
'Sessions that hold the claim key of a run, which lives as long as its key has a holder.';

create view {quality}.loads_under_way as
select log.* -- noqa: AM04
from {quality}.quality_load_log as log
where
    log.status = 'running'
    and exists (
        select
        from {quality}.claim_holders as holders
        where holders.claim_key = log.claim_key
    );
comment on view {quality}.loads_under_way is 'Loads that a living run works on.';
