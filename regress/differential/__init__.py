"""Parts of the differential test; see ../differential.py."""
