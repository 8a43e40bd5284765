select checksum
from {quality}.schema_migrations
where version = 0
