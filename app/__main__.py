"""`python -m app` is `realtime`."""

from app.cli import main

main()
