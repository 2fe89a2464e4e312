"""What the company is: users, calls, recordings, meetings, CRM objects, and how they are made up."""
