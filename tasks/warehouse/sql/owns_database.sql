select pg_has_role(datdba, 'usage')
from pg_database
where datname = current_database()
