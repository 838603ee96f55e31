"""Segmentation networks: build, train, predict and their weight files; the only room with torch."""

from napari_tbcad.threads import wait_asleep

# Here and nowhere later: what imports torch is below this room, and torch reads it once.
wait_asleep()
