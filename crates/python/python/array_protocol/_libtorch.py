"""Where the package was built with libtorch, it runs on the libtorch of Python's torch.

A process can hold one libtorch only. The native module names the libraries that it needs, but no place: torch is imported
first, and the loader takes what it has loaded, whether the program imports torch before us or after.
"""

import importlib.util
import mmap
import struct

# tch is made for one version of libtorch, whose C++ interface changes with the second number.
VERSION = "2.11"

LIBRARY = "libtorch_cpu"


def load():
    """Loads libtorch, if the native module needs one."""
    native = importlib.util.find_spec("array_protocol._native")
    if native is None or not native.origin or not any(name.startswith(LIBRARY) for name in needed(native.origin)):
        return
    remedy = f'this array_protocol was built with libtorch {VERSION}: pip install "torch=={VERSION}.*"'
    try:
        import torch
    except ModuleNotFoundError as e:
        if e.name != "torch":
            raise
        raise ImportError(f"torch is not installed, and {remedy}") from None
    if torch.__version__.split(".")[:2] != VERSION.split("."):
        raise ImportError(f"torch {torch.__version__} is installed, and {remedy}")


def needed(path):
    """The libraries that a library says it needs."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as image:
        # Of other systems' libraries it is enough to know whether the name occurs.
        if image[:6] != b"\x7fELF\x02\x01":
            return [LIBRARY] if image.find(LIBRARY.encode()) >= 0 else []
        return elf_needed(image)


# Numbers and structures of ELF: System V gABI, chapter 5.
_LOAD, _DYNAMIC = 1, 2
_NULL, _NEEDED, _STRTAB = 0, 1, 5


def elf_needed(image):
    (table,), (size, count) = struct.unpack_from("<Q", image, 0x20), struct.unpack_from("<HH", image, 0x36)
    segments = [struct.unpack_from("<IIQQQQ", image, table + i * size) for i in range(count)]

    def offset(address):
        return next(o + address - v for kind, _, o, v, _, n in segments if kind == _LOAD and v <= address < v + n)

    start = next((o for kind, _, o, *_ in segments if kind == _DYNAMIC), None)
    entries = []
    while start is not None and (entry := struct.unpack_from("<qQ", image, start))[0] != _NULL:
        entries.append(entry)
        start += 16
    names = next((offset(value) for tag, value in entries if tag == _STRTAB), None)
    found = [names + value for tag, value in entries if tag == _NEEDED]
    return [image[at : image.find(b"\0", at)].decode() for at in found]
