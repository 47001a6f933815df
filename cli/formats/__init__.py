"""What `reachproof check` found, in the forms that build servers read. Each module turns a report into one text."""
