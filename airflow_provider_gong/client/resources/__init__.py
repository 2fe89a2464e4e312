"""The operations of Gong's API that have models, as methods shared by both clients and the hook."""
