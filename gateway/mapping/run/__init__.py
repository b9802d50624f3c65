"""What the generated programs call, and the account they keep of every leaf."""
