"""Keys: bindings, the row of hints, the keyboard protocol of terminals, and the talk key."""
