"""The search for an algorithm and its settings, on rows that do not judge the result."""
