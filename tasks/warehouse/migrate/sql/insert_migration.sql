insert into {quality}.schema_migrations (version, name, checksum)
values (:version, :name, :checksum)
