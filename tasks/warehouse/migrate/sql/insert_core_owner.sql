insert into {quality}.schema_migrations (version, name, checksum)
values (0, 'owner of core', :owner)
