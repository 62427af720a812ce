"""Tests of the verifier: `python3 -m unittest discover -s interop/python/tests -t interop/python`, from the root."""
