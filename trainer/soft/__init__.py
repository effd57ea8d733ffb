"""Soft sensors: from a spectrum to what it tells of the product, such as size or composition."""
