"""One row for each call of an import: plan, lease, outcome; and what was imported before."""
