select * from {features}.time_attributes order by ts desc limit 10
