insert into sample select * from {core}.measurements limit $1
