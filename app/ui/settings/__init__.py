"""The settings panel, from the declaration of the settings."""
