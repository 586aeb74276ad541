"""What tests, benchmarks and tests.torture share; it imports none of them."""
