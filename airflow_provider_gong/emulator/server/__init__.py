"""The HTTP side: the API's gateway, the application, and the ways to run it."""
