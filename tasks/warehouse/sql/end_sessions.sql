select pg_terminate_backend(pid, :timeout_ms) as has_ended
from pg_stat_activity
where
    datname = current_database()
    and usesysid = (
        select oid
        from pg_roles
        where rolname = current_user
    )
    and application_name = :session_name
    and pid <> pg_backend_pid()
