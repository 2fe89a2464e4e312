"""What the emulator serves besides the Gong API: its pages and its control API."""
