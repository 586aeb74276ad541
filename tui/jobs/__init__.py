"""Background work, and the messages it sends."""
