"""The queue under faults: workers that are killed, and a server that goes away."""
