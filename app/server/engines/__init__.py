"""The service's ears, mind and mouth behind ports."""
