"""Writes the digits that scikit-learn ships (UCI's test set) as idx files: `python digits.py`, with scikit-learn installed."""

import struct

import numpy as np
from sklearn.datasets import load_digits

digits = load_digits()
# Pixels are counts of 0 to 16; idx files hold bytes.
pixels = np.rint(digits.images * 255 / 16).astype(np.uint8)
with open("digits-images-idx3-ubyte", "wb") as file:
    file.write(struct.pack(">IIII", 0x803, *pixels.shape) + pixels.tobytes())
with open("digits-labels-idx1-ubyte", "wb") as file:
    file.write(struct.pack(">II", 0x801, len(digits.target)) + digits.target.astype(np.uint8).tobytes())
