"""What the rules say about one message for one recipient: a decision per data class, never one for the whole."""
