"""The operations of Gong's API that have models, as methods that are the same in both clients and in the hook."""
