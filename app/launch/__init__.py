"""From a command line to a running conversation, and to its exit status: the parts are put together here.

What takes longest begins first, each thing with an owner who ends it if the rest fails: the embedded service, the
line, then the sound, then the front end.
"""
