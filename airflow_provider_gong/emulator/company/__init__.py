"""What an emulated company consists of."""
