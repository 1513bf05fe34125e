"""What shows the state at a glance: lamp, levels, status."""
