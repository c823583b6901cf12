"""Network architectures in plain Keras: any Keras backend can run them."""
