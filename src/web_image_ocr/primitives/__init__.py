"""The bottom of the package: errors, deadline, geometry, pixels. Imports nothing above."""
