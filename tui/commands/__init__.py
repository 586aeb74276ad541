"""The commands of the command line. Importing them is cheap: each imports the rest when it runs."""
