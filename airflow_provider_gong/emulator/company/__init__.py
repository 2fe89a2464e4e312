"""The company's data: users, calls, recordings, meetings, CRM objects, and how they are generated."""
