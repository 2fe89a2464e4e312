"""One row per call of an import, with plan, lease and outcome, and the calls of earlier imports."""
