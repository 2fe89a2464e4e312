"""What other systems bring and manage: CRM objects, flows and tasks, events."""
