"""Random small histories of imports, judged by one function against what the design promises."""
