"""Random small histories of tasks that create meetings."""
