-- owner: the role that owns the pipeline's schemas where roles are set up.
select exists(
    select
    from pg_namespace
    where nspname = '{quality}' and pg_get_userbyid(nspowner) = :owner
)
