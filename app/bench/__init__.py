"""The project's own figures: measured, printed, never asserted."""
