"""Make the pictures of README: python docs/make_images.py (a minute; trains a network on the bundled data)."""

from pathlib import Path

import numpy as np

import convkit
from convkit.classifiers.keras_cnn import keras_cnn
from convkit.course.figures import plot_im2col, plot_who_sees
from convkit.data_utils import load_fashion_mnist_mini
from convkit.nn import Classifier
from convkit.vis_utils import animate_convolution, plot_feature_maps

FOLDER = Path(__file__).parent / "images"
LARGEST = 150_000  # bytes


def save(figure, name: str) -> None:
    path = FOLDER / name
    if name.endswith(".gif"):
        figure.save(path)
    else:
        figure.savefig(path, dpi=90)
    size = path.stat().st_size
    print(f"{path}: {size:,} bytes")
    assert size < LARGEST, "too large for the repository"


def main() -> None:
    image = np.array([[1, 2, 3, 4, 5], [2, 1, 0, 1, 2], [3, 0, 1, 1, 0], [1, 4, 1, 1, 2], [2, 1, 1, 0, 0]])
    save(animate_convolution(image, np.array([[1, 0, 1], [1, 0, 1], [0, 1, 0]])), "convolution.gif")

    save(plot_who_sees(row=1, column=2, size=5, kernel=3, stride=1, pad=1), "course_who_sees.png")
    save(plot_im2col(position=1, kernel=3, stride=1), "course_im2col.png")

    np.random.seed(0)
    data = load_fashion_mnist_mini()
    model = Classifier(keras_cnn(), (1, 28, 28), rng=0)
    solver = convkit.Solver(
        model, data, update_rule="adam", optim_config={"learning_rate": 1e-3}, num_epochs=8, verbose=False
    )
    solver.train()
    print(f"test accuracy {solver.check_accuracy(data['X_test'], data['y_test']):.3f}")
    save(plot_feature_maps(model, data["X_test"][0], mean_image=data["mean_image"]), "feature_maps.png")


if __name__ == "__main__":
    main()
