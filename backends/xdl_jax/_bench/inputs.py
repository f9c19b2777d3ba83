"""Inputs as JAX's arrays."""

import jax
import jax.numpy as jnp


def put(arrays, device):
    """The inputs on the device; its name is the platform's with a number."""
    platform, _, index = device.partition(":")
    place = jax.devices(platform)[int(index or 0)]
    return {
        name: jax.device_put(jax.tree.map(jnp.asarray, x), place)
        if name not in ("env", "agents", "size")
        else x
        for name, x in arrays.items()
    }
