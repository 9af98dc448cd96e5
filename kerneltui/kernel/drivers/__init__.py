"""Device drivers: each declares the registers that it uses."""
