"""Writers of small data files in the publishers' formats, and a server on loopback, for the tests of convkit.data."""

import contextlib
import gzip
import http.server
import io
import pickle
import struct
import tarfile
import threading
import tracemalloc
from pathlib import Path

import numpy as np

CIFAR_TRAIN = [f"data_batch_{i}" for i in range(1, 6)]
IDX_NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


class Python2Pickler:
    """Protocol 2 as Python 2's cPickle wrote the published files: strings as U and T, memo puts q and r."""

    def __init__(self):
        self.count = 0

    def memo(self):
        self.count += 1
        return b"q" + bytes([self.count]) if self.count < 256 else b"r" + struct.pack("<I", self.count)

    def put(self, v):
        if isinstance(v, dict):
            return b"}" + self.memo() + b"(" + b"".join(self.put(k) + self.put(w) for k, w in v.items()) + b"u"
        if isinstance(v, list):
            return b"]" + self.memo() + b"(" + b"".join(map(self.put, v)) + b"e"
        if isinstance(v, int):
            return b"K" + bytes([v]) if 0 <= v < 256 else b"J" + struct.pack("<i", v)
        if isinstance(v, str):
            v = v.encode("latin1")
        if isinstance(v, bytes):
            return (b"U" + bytes([len(v)]) if len(v) < 256 else b"T" + struct.pack("<i", len(v))) + v + self.memo()
        assert v.dtype == np.uint8
        start = b"cnumpy.core.multiarray\n_reconstruct\n" + self.memo() + b"cnumpy\nndarray\n" + self.memo()
        start += self.put(0) + b"\x85" + self.memo() + self.put("b") + b"\x87" + self.memo() + b"R" + self.memo()
        shape = b"".join(b"M" + struct.pack("<H", n) for n in v.shape) + b"\x86" + self.memo()
        dtype = b"cnumpy\ndtype\n" + self.memo() + self.put("u1") + b"K\x00K\x01\x87" + self.memo() + b"R" + self.memo()
        dtype += b"(K\x03" + self.put("|") + b"NNN" + self.put(-1) + self.put(-1) + b"K\x00t" + self.memo() + b"b"
        return start + b"(K\x01" + shape + dtype + b"\x89" + self.put(v.tobytes()) + b"t" + self.memo() + b"b"


def python2_batch(x, y, **more):
    """The bytes of a CIFAR-10 batch as published."""
    names = [f"picture_s_{i:06d}.png" for i in range(len(y))]
    batch = {
        "batch_label": "training batch 1 of 5",
        "labels": [int(v) for v in y],
        "data": x,
        "filenames": names,
        **more,
    }
    return b"\x80\x02" + Python2Pickler().put(batch) + b"."


def random_batch(n, seed):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (n, 3072), dtype=np.uint8), rng.integers(0, 10, n)


def write_cifar(folder, n=20, binary=False):
    """Six small files of CIFAR-10; returns their (x, y) in order, the test batch last."""
    folder.mkdir(parents=True, exist_ok=True)
    batches = [random_batch(n, seed) for seed in range(6)]
    for name, (x, y) in zip([*CIFAR_TRAIN, "test_batch"], batches):
        if binary:
            (folder / f"{name}.bin").write_bytes(np.concatenate([np.uint8(y)[:, None], x], axis=1).tobytes())
        else:
            (folder / name).write_bytes(python2_batch(x, y))
    return batches


def idx_bytes(array):
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def write_idx_folder(folder, n_train=40, n_test=15, compress=True, seed=0):
    """The four files of MNIST, small; returns the four arrays."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    arrays = [
        rng.integers(0, 256, (n_train, 28, 28), dtype=np.uint8),
        rng.integers(0, 10, n_train, dtype=np.uint8),
        rng.integers(0, 256, (n_test, 28, 28), dtype=np.uint8),
        rng.integers(0, 10, n_test, dtype=np.uint8),
    ]
    for name, array in zip(IDX_NAMES, arrays):
        data = idx_bytes(array)
        (folder / (name + ".gz" if compress else name)).write_bytes(gzip.compress(data, mtime=0) if compress else data)
    return arrays


def tar_gz(members):
    """A .tar.gz of (TarInfo or name, content) pairs."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for info, content in members:
            info = tarfile.TarInfo(info) if isinstance(info, str) else info
            info.size = len(content) if info.isreg() else 0
            tar.addfile(info, io.BytesIO(content) if info.isreg() else None)
    return out.getvalue()


@contextlib.contextmanager
def serve(respond):
    """An http server on loopback; `respond(handler, name)` answers each GET. Yields its URL and the names asked."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path.rpartition("/")[2])
            with contextlib.suppress(ConnectionError):
                respond(self, asked[-1])

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def send(handler, body, length=None, status=200):
    """Answer with `body`, announcing `length` bytes (its own; False: no announcement)."""
    handler.send_response(status)
    if length is not False:
        handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.end_headers()
    handler.wfile.write(body)


@contextlib.contextmanager
def memory_below(limit):
    """Fails when Python and NumPy allocate more than `limit` bytes at once inside the block."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < limit, f"{peak} bytes were allocated, {limit} are allowed"


def pickled(value, protocol=2):
    return pickle.dumps(value, protocol=protocol)


def files_below(folder):
    return sorted(str(p.relative_to(folder)) for p in Path(folder).rglob("*"))


def unless_refused(function, *args, naming):
    """What function(*args) returns; None if it raises a ValueError, whose message must hold `naming`."""
    try:
        return function(*args)
    except ValueError as error:
        message = str(error)
    assert naming in message
    return None
