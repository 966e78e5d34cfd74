"""Parts of the trainer against figures worked out by hand and against another library."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from curate.errors import InputError

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from train.config import load_config  # noqa: E402 - after the check for the extra
from train.data.augment import augmented, central, inscribed  # noqa: E402
from train.evaluate.metrics import auc, auc_interval, roc  # noqa: E402
from train.evaluate.rollup import roll_up  # noqa: E402
from train.fit.fit import _batches, learning_rate  # noqa: E402
from train.fit.rmsprop import TensorFlowRMSProp  # noqa: E402


@pytest.mark.parametrize(
    ("degrees", "width", "height"),
    [
        (0, 4, 3),
        (15, 3.564845, 2.150631),
        (30, 3, 1.732051),
        (45, 2.121320, 2.121320),
        (60, 1.732051, 3),
        (75, 2.150631, 3.564845),
        (90, 3, 4),
    ],
)
def test_the_inscribed_rectangle_of_four_by_three(degrees, width, height):
    assert inscribed(4, 3, degrees) == pytest.approx((width, height), abs=1e-6)


@given(width=st.floats(1, 50), height=st.floats(1, 50), degrees=st.integers(0, 359))
@settings(max_examples=60)
def test_no_larger_upright_rectangle_lies_inside(width, height, degrees):
    w, h = inscribed(width, height, degrees)
    sine, cosine = abs(math.sin(math.radians(degrees))), abs(math.cos(math.radians(degrees)))

    def inside(a, b):
        return a * cosine + b * sine <= width * (1 + 1e-9) and a * sine + b * cosine <= height * (1 + 1e-9)

    assert inside(w, h)
    best = 0.0
    for share in np.linspace(0.002, 1, 400):  # every width, with the largest height that still fits
        a = share * math.hypot(width, height)
        limits = [
            (width - a * cosine) / sine if sine > 1e-12 else np.inf,
            (height - a * sine) / cosine if cosine > 1e-12 else np.inf,
        ]
        b = min(limits)
        if b > 0 and inside(a, b):
            best = max(best, a * b)
    assert w * h >= best * (1 - 1e-6)


def test_the_augmented_picture_holds_no_corner_from_outside():
    """A white picture stays white at every angle: nothing but the picture is in the crop."""
    white = Image.new("RGB", (400, 300), "white")
    for seed in range(40):
        assert np.asarray(augmented(white, 99, random.Random(seed))).min() >= 253


def test_augmentation_by_quarter_turns_is_pillow_s():
    class Quarter(random.Random):
        def randrange(self, *_):
            return 90

        def random(self):
            return 0.9

    picture = Image.fromarray(np.random.default_rng(1).integers(0, 255, (120, 120, 3), dtype=np.uint8)).resize((480, 480))
    ours = np.asarray(augmented(picture, 480, Quarter())).astype(int)
    turned = [np.asarray(picture.transpose(t)).astype(int) for t in (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270)]
    assert min(np.abs(ours - t).mean() for t in turned) < 3


def test_half_of_the_augmented_are_upside_down():
    top = Image.new("RGB", (100, 100), "white")
    top.paste((0, 0, 0), (0, 50, 100, 100))

    class Straight(random.Random):
        def randrange(self, *_):
            return 0

    flipped = [np.asarray(augmented(top, 75, Straight(s)))[0].mean() < 128 for s in range(200)]
    assert 70 < sum(flipped) < 130


def test_the_central_view_is_seven_eighths_of_each_side():
    picture = Image.new("RGB", (160, 160), "white")
    picture.paste((0, 0, 0), (10, 10, 150, 150))
    assert np.asarray(central(picture, 140)).max() == 0


def test_three_steps_of_rmsprop_as_worked_out_by_hand():
    w = torch.nn.Parameter(torch.tensor([1.0], dtype=torch.float64))
    optimizer = TensorFlowRMSProp([w], lr=0.001, rho=0.9, momentum=0.9, epsilon=0.1)
    for gradient, expected in ((0.5, 0.999506135202), (-0.2, 0.999268326248), (0.3, 0.998731147259)):
        w.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
        assert float(w.detach()) == pytest.approx(expected, abs=1e-12)
    with pytest.raises(ValueError, match="closure"):
        optimizer.step(lambda: 0.0)


def test_the_rate_falls_by_the_article_s_factor():
    config = load_config("esteva2017")
    assert [learning_rate(config, e) for e in (0, 29, 30, 59, 60, 120)] == pytest.approx(
        [1e-3, 1e-3, 6.25e-5, 6.25e-5, 3.90625e-6, 1.52587890625e-8]
    )


def test_unknown_configurations_are_told(tmp_path):
    with pytest.raises(InputError, match="Shipped: esteva2017, quick"):
        load_config("resnet")
    path = tmp_path / "mine.toml"
    path.write_text("[optimizer]\nrate = 3\n")
    with pytest.raises(InputError, match=r"optimizer\.rate"):
        load_config(str(path))


def test_an_inference_class_is_the_sum_over_its_descendants():
    """Extended Data Fig. 1: benign = 0.1 + 0.05 + 0.05 + 0.3 + 0.02 + 0.03 + 0.05 = 0.6."""
    benign = [0.1, 0.05, 0.05, 0.3, 0.02, 0.03, 0.05]
    classes = [{"three": "benign", "nine": "x"}] * 7 + [{"three": "malignant", "nine": None}]
    rolled = roll_up(np.array([[*benign, 0.4]]), classes, "three", ["benign", "malignant", "non_neoplastic"])
    assert rolled[0] == pytest.approx([0.6, 0.4, 0.0], abs=1e-12)
    assert roll_up(np.array([[*benign, 0.4]]), classes, "nine", ["x"])[0] == pytest.approx([0.6], abs=1e-12)


SCORED = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=60).filter(
    lambda rows: len({p for _, p in rows}) == 2
)


@given(rows=SCORED)
def test_auc_and_curve_are_scikit_learn_s(rows):
    metrics = pytest.importorskip("sklearn.metrics")
    scores, positive = np.array([s / 6 for s, _ in rows]), np.array([p for _, p in rows])
    assert auc(scores, positive) == pytest.approx(metrics.roc_auc_score(positive, scores), abs=1e-12)
    false, true, threshold = metrics.roc_curve(positive, scores, drop_intermediate=False)
    ours = roc(scores, positive)
    assert ours.false_positive_rate == pytest.approx(false)
    assert ours.true_positive_rate == pytest.approx(true)
    assert ours.threshold == pytest.approx(threshold)


@given(rows=SCORED, weights=st.lists(st.integers(0, 4), min_size=60, max_size=60))
def test_a_weight_is_a_repetition(rows, weights):
    scores, positive = np.array([s / 6 for s, _ in rows]), np.array([p for _, p in rows])
    times = np.array(weights[: len(rows)], dtype=np.float64)
    repeated = np.repeat(np.arange(len(rows)), times.astype(int))
    weighted = auc(scores, positive, times)
    if len(set(positive[repeated])) < 2:
        assert math.isnan(weighted)
    else:
        assert weighted == pytest.approx(auc(scores[repeated], positive[repeated]))


def test_intervals_over_components_are_wider_than_over_images():
    draw = np.random.default_rng(0)
    lesion_score, lesion_truth = draw.normal(size=40), draw.random(40) < 0.5
    scores = np.repeat(lesion_score + lesion_truth, 10) + draw.normal(scale=0.01, size=400)
    positive = np.repeat(lesion_truth, 10)
    components = [f"c{n // 10}" for n in range(400)]
    whole = auc_interval(scores, positive, components)
    single = auc_interval(scores, positive, [str(n) for n in range(400)])
    assert whole[1] - whole[0] > 2 * (single[1] - single[0])
    assert whole[0] < auc(scores, positive) < whole[1]


@given(count=st.integers(1, 50), size=st.integers(1, 50), steps=st.integers(1, 12))
def test_every_epoch_sees_every_image_once(count, size, steps):
    size = min(size, count)
    seen = [i for batch in _batches(count, size, steps, 1) for i, _ in batch]
    assert len(seen) == steps * size
    for start in range(0, len(seen) - count + 1, count):
        assert sorted(seen[start : start + count]) == list(range(count))


def test_draws_differ_between_epochs_and_not_between_runs():
    first = list(_batches(4, 4, 2, 7))
    assert first == list(_batches(4, 4, 2, 7))
    assert {d for _, d in first[0]}.isdisjoint({d for _, d in first[1]})
