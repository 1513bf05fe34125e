"""The wire's vocabulary: every event of the Realtime API as a type, and JSON text to and from it. Pure, standard library only."""
