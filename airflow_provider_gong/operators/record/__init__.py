"""The record of what tasks are about to send."""
