"""Objects of operators that make pods."""
