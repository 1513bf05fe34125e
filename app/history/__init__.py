"""Exports of a conversation."""
