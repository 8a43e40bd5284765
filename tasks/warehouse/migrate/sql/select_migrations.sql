select
    version,
    name,
    checksum,
    applied_at
from {quality}.schema_migrations
where version > 0
order by version
