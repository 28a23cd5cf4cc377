"""Networks and weights from and to other programs.

export_onnx                              a trained network as an ONNX file (needs convkit[onnx])
read_tensors, load_weights, in_order     weights of a PyTorch network, from a state dict or a file
"""

from convkit.exchange.name_map import in_order
from convkit.exchange.onnx_export import export_onnx
from convkit.exchange.tensors import read_tensors
from convkit.exchange.weights import load_weights

__all__ = ["export_onnx", "in_order", "load_weights", "read_tensors"]
