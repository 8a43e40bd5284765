-- What only the owner of the database can do; everything else is in grant_roles.sql.
do $$
begin
    execute format('grant connect, create, temporary on database %I to {owner}', current_database());
    execute format('grant connect, temporary on database %I to {loader}, {dbt}', current_database());
    execute format('grant connect on database %I to {reader}', current_database());
    execute 'alter schema {stage} owner to {owner}';
    execute 'alter schema {quality} owner to {owner}';
    execute 'alter schema {features} owner to {dbt}';
    if (select checksum from {quality}.schema_migrations where version = 0) = 'dataops' then
        execute 'alter schema {core} owner to {owner}';
    end if;
end
$$
