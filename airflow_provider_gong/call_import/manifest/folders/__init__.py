"""Folders of recordings as manifests: their names and sidecar files say what the calls were."""
