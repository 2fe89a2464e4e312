"""The company that an emulator starts with."""
