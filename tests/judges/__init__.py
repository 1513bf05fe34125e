"""Programs that others wrote, as judges of the service and of the client. Run by `.ci/judges`, not by pytest.

Each is installed on its own, with the versions of `versions.toml`, and holds a spoken conversation.
"""
