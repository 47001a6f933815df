module reachproof/fields

go 1.26.0
