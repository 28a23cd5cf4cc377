"""Relu, LeakyRelu, Sigmoid, Tanh, Gelu and Softmax."""

from onnx_cases import operator


@operator("Relu")
def relu(node, x):
    return node.layer("relu", x)


@operator("LeakyRelu")
def leaky_relu(node, x):
    return node.layer("leaky_relu", x, node.get("alpha", 0.01))


@operator("Sigmoid")
def sigmoid(node, x):
    return node.layer("sigmoid", x)


@operator("Tanh")
def tanh(node, x):
    return node.layer("tanh", x)


@operator("Gelu")
def gelu(node, x):
    return node.layer("gelu", x, node.get("approximate", "none"))


@operator("Softmax")
def softmax(node, x):
    return node.layer("softmax", x, node.get("axis", -1))
