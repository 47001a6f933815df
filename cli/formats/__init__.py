"""Results of `reachproof check` in the forms that build servers read. Each module turns a report into one text."""
