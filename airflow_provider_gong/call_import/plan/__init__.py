"""From rows of cells to checked rows."""
