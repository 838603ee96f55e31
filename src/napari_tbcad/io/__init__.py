"""Reading and writing films, masks and data sets; knows no Qt and no napari."""
