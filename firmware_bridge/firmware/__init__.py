"""The board's firmware: C sources, the tables that write their headers, and the report of what they use."""
