"""What an emulated company stands on: settings, time, ids, and the form of answers."""
