"""The desk: where signed-in advocates see who waits, take conversations over, and write to people."""
