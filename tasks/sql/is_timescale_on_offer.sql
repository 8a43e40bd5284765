-- CASE: whoever may not read the setting is not asked for it.
select
    case
        when
            exists (
                select from pg_available_extensions
                where name = 'timescaledb' and installed_version is null
            )
            and has_database_privilege(current_database(), 'create')
            and pg_has_role('pg_read_all_settings', 'usage')
            then current_setting('shared_preload_libraries') like '%timescaledb%'
        else false
    end
