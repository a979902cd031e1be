"""What EEveon costs beside its peers, measured in one run: `make bench`, or `python -m benchmarks [--quick] [NAME…]`.

Nothing here is a test: figures of a busy machine vary, so each is a ratio of neighbouring runs, and a goal that is
missed is printed and fails nothing.
"""
