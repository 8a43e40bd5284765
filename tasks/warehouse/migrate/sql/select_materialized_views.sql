select distinct c.oid::regclass::text as name
from pg_depend as d
inner join pg_rewrite as r on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
inner join pg_class as c on r.ev_class = c.oid
where d.refobjid = '{core}.measurements'::regclass and c.relkind = 'm'
order by name
