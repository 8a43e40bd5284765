select pg_terminate_backend(sessions.pid, :timeout_ms) as has_ended
from pg_stat_activity as sessions
inner join pg_roles as roles on sessions.usesysid = roles.oid
where
    sessions.datname = current_database()
    and roles.rolname = current_user
    and sessions.application_name = :session_name
    and sessions.pid <> pg_backend_pid()
