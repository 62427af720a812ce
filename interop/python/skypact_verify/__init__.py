"""An independent verifier of skypact evidence bundles, written from docs/record-format.md alone.

It shares no code with the Rust implementation: where the two disagree, one of them or the page is wrong.
"""
