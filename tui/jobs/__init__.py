"""Work in the background, and the messages it sends."""
