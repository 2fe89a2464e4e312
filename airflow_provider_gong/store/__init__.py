"""The state that all workers share in a database: request budget, tokens, intents, lists of users."""
