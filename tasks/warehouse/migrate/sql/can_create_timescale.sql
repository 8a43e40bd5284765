-- A setting of the extension's loader shows that it is preloaded: not everyone may read shared_preload_libraries.
select
    exists (
        select
        from pg_available_extensions
        where name = 'timescaledb' and installed_version is null
    )
    and has_database_privilege(current_database(), 'create')
    and current_setting('timescaledb.disable_load', true) is not null
