"""Sizes under torch.compile, which makes one program for all of them."""

import torch

from xdl.nn import _geometry

_geometry.symbolic.append(torch.compiler.is_compiling)
