"""The wire's vocabulary: each event of the Realtime API as a type, JSON text to and from it. Standard library only."""
