"""What the program needs of the machine, looked at piece by piece: `realtime doctor`."""
