"""Other people's libraries on our arrays: what their tests have in common."""

import os

# SciPy reads it once, when it is imported; scikit-learn asks for it.
os.environ.setdefault("SCIPY_ARRAY_API", "1")
