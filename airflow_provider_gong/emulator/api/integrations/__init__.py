"""Integrations with other systems: CRM objects, flows and tasks, events."""
