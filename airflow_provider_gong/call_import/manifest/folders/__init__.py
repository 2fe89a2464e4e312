"""Folders of recordings as manifests: names and sidecar files describe the calls."""
