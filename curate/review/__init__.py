"""What people say of pairs: verdicts in and out, blind sheets of pairs to be judged, and how a sheet was judged."""
