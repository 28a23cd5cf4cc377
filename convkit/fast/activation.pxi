"""Activations: the faces of kernels/activation.pyx."""


def relu_forward_fast(x):
    """out = max(0, x); as relu_forward, compiled.

    - x: array of one or more axes, float32 or float64

    Returns (out, cache): out of the shape of x, and a cache for relu_backward_fast (one byte for each number of x).
    Raises TypeError for other dtypes, ValueError for a single number.
    """
    dtype = common_dtype(x=x)
    check_not_scalar("x", x)
    out, mask = activation_kernels.relu_forward(_c_order(x, dtype))
    return out, Cache("relu_forward_fast", mask, dtype)


def relu_backward_fast(dout, cache):
    """Gradient of ReLU; as relu_backward, compiled.

    - dout: upstream gradient, of the shape of x
    - cache: from relu_forward_fast

    Returns dx, of the shape of x.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    mask, dtype = open_cache(cache, "relu_forward_fast")
    dtype = check_dout(dout, mask.shape, "like x", dtype)
    return activation_kernels.relu_backward(_c_order(dout, dtype), mask)


def leaky_relu_forward_fast(x, slope=0.01):
    """out = x where x > 0, and slope * x elsewhere; as leaky_relu_forward, compiled.

    - x: array of one or more axes, float32 or float64
    - slope: of the negative side, a finite number, default 0.01

    Returns (out, cache): out of the shape of x, and a cache for leaky_relu_backward_fast (one byte for each number).
    Raises TypeError for other dtypes, ValueError for a single number.
    """
    dtype = common_dtype(x=x)
    check_not_scalar("x", x)
    slope = real_number("slope", slope, -np.inf, np.inf)
    out, mask = activation_kernels.leaky_relu_forward(_c_order(x, dtype), slope)
    return out, Cache("leaky_relu_forward_fast", mask, slope, dtype)


def leaky_relu_backward_fast(dout, cache):
    """Gradient of leaky ReLU; as leaky_relu_backward, compiled.

    - dout: upstream gradient, of the shape of x
    - cache: from leaky_relu_forward_fast

    Returns dx, of the shape of x.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    mask, slope, dtype = open_cache(cache, "leaky_relu_forward_fast")
    dtype = check_dout(dout, mask.shape, "like x", dtype)
    return activation_kernels.leaky_relu_backward(_c_order(dout, dtype), mask, slope)


def sigmoid_forward_fast(x):
    """out = 1 / (1 + exp(-x)); as sigmoid_forward, compiled.

    - x: array of one or more axes, float32 or float64

    Returns (out, cache): out of the shape of x, and a cache for sigmoid_backward_fast.
    Raises TypeError for other dtypes, ValueError for a single number.
    """
    dtype = common_dtype(x=x)
    check_not_scalar("x", x)
    out = activation_kernels.sigmoid_forward(_c_order(x, dtype))
    return out, Cache("sigmoid_forward_fast", out)


def sigmoid_backward_fast(dout, cache):
    """Gradient of the sigmoid; as sigmoid_backward, compiled.

    - dout: upstream gradient, of the shape of x
    - cache: from sigmoid_forward_fast

    Returns dx, of the shape of x.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    (out,) = open_cache(cache, "sigmoid_forward_fast")
    dtype = check_dout(dout, out.shape, "like x", out.dtype)
    return activation_kernels.sigmoid_backward(_c_order(dout, dtype), _c_order(out, dtype))


def tanh_forward_fast(x):
    """out = tanh(x); as tanh_forward, compiled.

    - x: array of one or more axes, float32 or float64

    Returns (out, cache): out of the shape of x, and a cache for tanh_backward_fast.
    Raises TypeError for other dtypes, ValueError for a single number.
    """
    dtype = common_dtype(x=x)
    check_not_scalar("x", x)
    out = activation_kernels.tanh_forward(_c_order(x, dtype))
    return out, Cache("tanh_forward_fast", out)


def tanh_backward_fast(dout, cache):
    """Gradient of tanh; as tanh_backward, compiled.

    - dout: upstream gradient, of the shape of x
    - cache: from tanh_forward_fast

    Returns dx, of the shape of x.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    (out,) = open_cache(cache, "tanh_forward_fast")
    dtype = check_dout(dout, out.shape, "like x", out.dtype)
    return activation_kernels.tanh_backward(_c_order(dout, dtype), _c_order(out, dtype))


def gelu_forward_fast(x, approximate="none"):
    """x times the normal distribution function of x; as gelu_forward, compiled.

    - x: array of one or more axes, float32 or float64
    - approximate: 'none' for the exact form, or 'tanh'

    Returns (out, cache): out of the shape of x, and a cache for gelu_backward_fast.
    Raises TypeError for other dtypes, ValueError for a single number and other forms.
    """
    dtype = common_dtype(x=x)
    check_not_scalar("x", x)
    tanh_form = one_of("approximate", approximate, FORMS) == "tanh"
    x = _c_order(x, dtype)
    return activation_kernels.gelu_forward(x, tanh_form), Cache("gelu_forward_fast", x, tanh_form)


def gelu_backward_fast(dout, cache):
    """Gradient of GELU; as gelu_backward, compiled.

    - dout: upstream gradient, of the shape of x
    - cache: from gelu_forward_fast

    Returns dx, of the shape of x.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    x, tanh_form = open_cache(cache, "gelu_forward_fast")
    dtype = check_dout(dout, x.shape, "like x", x.dtype)
    return activation_kernels.gelu_backward(_c_order(dout, dtype), _c_order(x, dtype), tanh_form)
