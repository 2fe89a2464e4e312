"""The shape of the Gong API: what requests may and answers do carry."""
