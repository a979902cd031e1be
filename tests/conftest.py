"""What all tests share: the lab's fixtures, and how long hypothesis may search.

`pytest -m "not docker"` runs what needs no Docker engine. EEVEON_HYPOTHESIS chooses a profile; CI sets its own.
"""

import os

from hypothesis import settings

pytest_plugins = ["tests.lab.fixtures", "tests.lab.kubernetes.fixtures"]

# In CI a run is the same twice, and a busy machine fails no test by its clock; by hand every run looks elsewhere.
settings.register_profile("ci", deadline=None, derandomize=True, max_examples=200)
settings.register_profile("dev", deadline=None, max_examples=100)
settings.load_profile(os.environ.get("EEVEON_HYPOTHESIS", "ci" if os.environ.get("CI") else "dev"))
