"""Tests of the verifier; run them from the root with `python3 -m unittest discover -s interop/python/tests -t interop/python`."""
