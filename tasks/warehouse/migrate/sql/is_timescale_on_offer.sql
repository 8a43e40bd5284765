-- A setting of the loader tells that it is preloaded: shared_preload_libraries itself is not for everybody to read.
select
    exists (
        select from pg_available_extensions
        where name = 'timescaledb' and installed_version is null
    )
    and has_database_privilege(current_database(), 'create')
    and current_setting('timescaledb.disable_load', true) is not null
