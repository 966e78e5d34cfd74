"""Fingerprints against independent computations on drawn pictures."""

import hashlib
import io
import json
from pathlib import Path

import imagehash
import numpy as np
import piexif
import pytest
from PIL import Image, ImageFilter, ImageOps

from curate.engines import LocalEngine
from curate.errors import InputError, MissingExtraError
from curate.fingerprints import extractors
from curate.fingerprints.compute import fingerprint, prepare
from curate.fingerprints.exif import exif_facts
from curate.fingerprints.feature_store import FeatureStore
from curate.fingerprints.hashes import ORIENTATIONS, grey_64, oriented_hashes
from curate.fingerprints.picture import UnreadablePictureError, decode
from curate.fingerprints.quality import sharpness_and_contrast
from tests.drawn import picture


def jpeg(image: Image.Image, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", **options)
    return buffer.getvalue()


def test_digests_are_those_of_bytes_and_upright_pixels(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg(picture(1, "nevus")))
    prepare(None)
    found = fingerprint((path.parent, path.name))
    pixels = Image.open(path).convert("RGB")
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    expected = hashlib.sha256(f"RGB {pixels.width} {pixels.height}\n".encode() + np.asarray(pixels).tobytes()).hexdigest()
    assert found.pixel_sha256 == expected


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_does_not_change_the_pixel_digest(tmp_path, orientation):
    """A lossless file that is stored turned, with the tag that says so, is the same picture."""
    upright = picture(1, "nevus")
    stored = upright
    operations = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    if orientation in operations:
        stored = upright.transpose(operations[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned, plain = tmp_path / "turned.png", tmp_path / "plain.png"
    stored.save(turned, exif=exif)
    upright.save(plain)
    prepare(None)
    assert fingerprint((tmp_path, turned.name)).pixel_sha256 == fingerprint((tmp_path, plain.name)).pixel_sha256
    assert (fingerprint((tmp_path, turned.name)).width, fingerprint((tmp_path, turned.name)).height) == upright.size


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P", "CMYK", "I;16", "1", "LA"])
def test_every_mode_is_decoded(mode):
    image = picture(1, "nevus")
    converted = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257) if mode == "I;16" else image.convert(mode)
    buffer = io.BytesIO()
    converted.save(buffer, "TIFF" if mode == "CMYK" else "PNG")
    rgb = decode(buffer.getvalue()).rgb
    assert (rgb.mode, rgb.size) == ("RGB", image.size)
    if mode == "I;16":
        assert np.abs(np.asarray(rgb.convert("L")).astype(int) - np.asarray(image.convert("L")).astype(int)).max() <= 1


@pytest.mark.parametrize("cut", [0, 1, 10, 200, 2000])
def test_a_damaged_file_gives_a_reason(cut):
    content = jpeg(picture(1, "nevus"))[:cut]
    with pytest.raises(UnreadablePictureError):
        decode(content)


def test_a_missing_file_and_a_text_give_errors_not_exceptions(tmp_path):
    prepare(None)
    assert "cannot be read" in fingerprint((tmp_path, "absent.jpg")).error
    (tmp_path / "text.jpg").write_text("no picture")
    found = fingerprint((tmp_path, "text.jpg"))
    assert found.error == "not a picture in a known format"
    assert found.sha256 == hashlib.sha256(b"no picture").hexdigest()


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("mirror", [False, True])
def test_the_hash_of_a_turned_picture_is_one_of_the_eight(turns, mirror):
    image = picture(3, "melanoma").resize((128, 128))
    turned = image.rotate(90 * turns)
    turned = ImageOps.mirror(turned) if mirror else turned
    upright = oriented_hashes(grey_64(turned))[0]
    distances = [int(np.bitwise_count(one ^ upright).sum()) for one in oriented_hashes(grey_64(image))]
    assert len(distances) == len(ORIENTATIONS)
    assert min(distances) <= 4
    assert sorted(distances)[1] > 60, "only one orientation fits a picture without symmetry"


def test_the_upright_hash_is_imagehash_s_own():
    grey = grey_64(picture(5, "nevus"))
    own = imagehash.phash(Image.fromarray(grey), hash_size=16).hash.reshape(-1)
    assert np.array_equal(np.unpackbits(oriented_hashes(grey)[0]).astype(bool), own)


def test_blur_lowers_sharpness_and_flat_pictures_have_no_contrast():
    image = picture(1, "melanoma")
    values = [sharpness_and_contrast(image.filter(ImageFilter.GaussianBlur(r)))[0] for r in (0, 1, 2, 4)]
    assert values == sorted(values, reverse=True)
    assert values[0] > 4 * values[-1]
    assert sharpness_and_contrast(Image.new("RGB", (50, 50), (120, 80, 60))) == (0.0, 0.0)


def with_exif(zeroth: dict, exif: dict) -> bytes:
    return jpeg(picture(1, "nevus"), exif=piexif.dump({"0th": zeroth, "Exif": exif}))


def test_exif_written_by_another_library_is_read():
    content = with_exif(
        {piexif.ImageIFD.Make: b"Canon", piexif.ImageIFD.Model: b"EOS 6D"},
        {
            piexif.ExifIFD.DateTimeOriginal: b"2014:05:03 10:12:05",
            piexif.ExifIFD.SubSecTimeOriginal: b"25",
            piexif.ExifIFD.BodySerialNumber: b"042",
            piexif.ExifIFD.ImageUniqueID: b"ab" * 16,
        },
    )
    facts = exif_facts(content)
    assert (facts.camera, facts.serial, facts.unique_id) == ("Canon EOS 6D", "042", "ab" * 16)
    assert facts.taken_us == 1_399_111_925_250_000  # 2014-05-03 10:12:05.25 read as UTC


@pytest.mark.parametrize("moment", [b"0000:00:00 00:00:00", b"    :  :     :  :  ", b"yesterday, at noon"])
def test_a_time_that_is_none_is_none(moment):
    facts = exif_facts(with_exif({piexif.ImageIFD.Model: b"X"}, {piexif.ExifIFD.DateTimeOriginal: moment}))
    assert facts.taken_us is None
    assert facts.camera == "X"


def test_damaged_exif_gives_no_facts_and_no_error():
    content = with_exif({piexif.ImageIFD.Model: b"EOS 6D"}, {piexif.ExifIFD.DateTimeOriginal: b"2014:05:03 10:12:05"})
    for place in range(20, 120, 7):
        damaged = content[:place] + b"\xff\x00\xee" + content[place + 3 :]
        exif_facts(damaged)


def test_engines_give_results_in_order_whatever_the_workers(tmp_path):
    paths = []
    for n in range(20):
        path = tmp_path / f"{n}.jpg"
        path.write_bytes(jpeg(picture(n, "nevus")))
        paths.append((tmp_path, path.name))
    one = list(LocalEngine(1).map(fingerprint, paths, prepare, (None,)))
    two = list(LocalEngine(2).map(fingerprint, paths, prepare, (None,)))
    assert one == two


def test_features_of_an_onnx_file_do_not_depend_on_workers(tmp_path):
    pytest.importorskip("onnxruntime")
    file = tiny_network(tmp_path / "tiny.onnx")
    extractor = extractors.find_extractor(str(file))
    assert extractor.weights_sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    paths = []
    for n in range(9):
        paths.append((tmp_path, f"{n}.png"))
        picture(n, "nevus").save(tmp_path / f"{n}.png")
    one = [f.features for f in LocalEngine(1).map(fingerprint, paths, prepare, (extractor,))]
    two = [f.features for f in LocalEngine(2).map(fingerprint, paths, prepare, (extractor,))]
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert all(abs(float(np.linalg.norm(v.astype(np.float64))) - 1) < 2e-3 for v in one)


def tiny_network(path: Path) -> Path:
    """Write an ONNX network that pools a picture to 4 x 4 x 3 values."""
    onnx = pytest.importorskip("onnx")
    helper = onnx.helper
    pool = helper.make_node("AveragePool", ["pixels"], ["maps"], kernel_shape=[74, 74], strides=[74, 74])
    flat = helper.make_node("Flatten", ["maps"], ["features"])
    graph = helper.make_graph(
        [pool, flat],
        "tiny",
        [helper.make_tensor_value_info("pixels", onnx.TensorProto.FLOAT, [1, 3, 299, 299])],
        [helper.make_tensor_value_info("features", onnx.TensorProto.FLOAT, [1, 48])],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    return path


def test_torchscript_features_by_path(tmp_path):
    torch = pytest.importorskip("torch")

    class Pool(torch.nn.Module):
        def forward(self, pixels):
            return torch.nn.functional.adaptive_avg_pool2d(pixels, 4).flatten(1)

    path = tmp_path / "pool.pt"
    torch.jit.script(Pool()).save(str(path))
    features = extractors.find_extractor(str(path)).load()(picture(1, "nevus"))
    assert features.shape == (48,)


def test_unknown_extractors_and_missing_packages_are_told(monkeypatch, tmp_path):
    with pytest.raises(InputError, match="no feature extractor 'resnet'"):
        extractors.find_extractor("resnet")
    with pytest.raises(InputError, match="no network file"):
        extractors.find_extractor(str(tmp_path / "absent.onnx"))
    monkeypatch.setattr(extractors.importlib.util, "find_spec", lambda _: None)
    assert extractors.find_extractor("auto") is None
    with pytest.raises(MissingExtraError) as caught:
        extractors.find_extractor("efficientnet-lite0")
    assert "dermcurate[features]" in caught.value.hint


def test_inception_weights_are_never_downloaded(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises((InputError, MissingExtraError)) as caught:
        extractors.find_extractor("inception-v3")
    if isinstance(caught.value, InputError):
        assert "Nothing is downloaded" in caught.value.hint


def test_the_feature_store_drops_what_was_not_committed(tmp_path):
    store = FeatureStore(tmp_path, "net")
    store.append(np.ones((3, 4), dtype=np.float16), 0)
    store.append(np.full((2, 4), 2, dtype=np.float16), 1)  # rows from 1 on were never committed
    read = store.read(4)
    assert read.shape == (3, 4)
    assert read[0, 0] == 1
    assert (read[1:] == 2).all()


def test_quality_codes_and_rows_are_plain_json(tmp_path):
    path = tmp_path / "a.png"
    picture(1, "nevus").save(path)
    prepare(None)
    found = fingerprint((path.parent, path.name))
    json.dumps([found.sharpness, found.contrast, found.hash_energy])
