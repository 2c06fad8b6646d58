import engine

NOTEBOOK = {
    *("Layer", "Network", "DenseLayer", "ReLU", "Softmax", "FlattenLayer"),
    *("Conv2DLayer", "Conv2DTrLayer", "CrossEntropy"),
}


def test_the_public_names_are_sorted_and_there() -> None:
    assert engine.__all__ == sorted(engine.__all__)
    assert all(hasattr(engine, name) for name in engine.__all__)


def test_nothing_public_is_left_out() -> None:
    classes = {name for name, value in vars(engine).items() if isinstance(value, type)}

    assert classes == set(engine.__all__)


def test_the_notebooks_names_are_public() -> None:
    assert set(engine.__all__) >= NOTEBOOK
