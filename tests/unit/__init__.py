"""Tests of single modules, in folders as the code's."""
