create temporary table sample (like {core}.measurements including all)
