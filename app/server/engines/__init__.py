"""The service's recognisers, responders and synthesiser."""
