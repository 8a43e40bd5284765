create table {core}.measurements_new (like {core}.measurements including all)
