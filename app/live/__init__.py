"""One running conversation: the rules joined with the line and the sound. Knows no front end."""
