"""Which experiments to do: first ones that fill or span a space, next ones that a model learns most from."""
