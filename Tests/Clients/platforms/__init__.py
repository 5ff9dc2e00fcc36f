"""The six platforms as servers that check what they are sent as strictly as the real ones, written from their documents."""
