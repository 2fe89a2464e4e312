"""From the files of a manifest to rows of cells."""
