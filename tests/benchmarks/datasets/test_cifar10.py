import hashlib
import http.server
import io
import os
import pickle
import tarfile
import threading

import numpy as np
import pytest

from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.formats.cifar10_batches import ArraysOnly, read_batch
from benchmarks.datasets.loaders import load_raw
from benchmarks.datasets.sources import cifar10

from .tiny import cifar_batch, config, noise, prepared, save

BATCHES = [*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"]
IMAGES, LABELS = noise(12, 32), np.array([0, 9, 1, 8, 2, 7, 3, 6, 4, 5, 0, 1])


def settings(path, **source):
    return config("cifar10", path=str(path), verify=False, train=10, test=2, **source)


def write_batches(folder):
    """Two images a batch."""
    folder.mkdir(parents=True)
    for k, name in enumerate(BATCHES):
        part = slice(2 * k, 2 * k + 2)
        (folder / name).write_bytes(cifar_batch(IMAGES[part], LABELS[part]))


def check(dataset):
    np.testing.assert_array_equal(dataset.train.signals, IMAGES[:10])
    np.testing.assert_array_equal(dataset.test.signals, IMAGES[10:])
    np.testing.assert_array_equal(dataset.train.labels, LABELS[:10])
    assert dataset.classes[9] == "truck"


@pytest.mark.parametrize("below", [".", "cifar-10-batches-py"])
def test_official_batches_keep_their_order(tmp_path, below):
    write_batches(tmp_path / "source" / below)
    check(prepared(settings(tmp_path / "source"), tmp_path / "out"))


@pytest.mark.parametrize("direct", [True, False])
def test_the_official_archive_needs_no_unpacking(tmp_path, direct):
    write_batches(tmp_path / "cifar-10-batches-py")
    archive = tmp_path / "cifar-10-python.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(tmp_path / "cifar-10-batches-py", "cifar-10-batches-py")
    path = archive if direct else tmp_path
    if not direct:
        for file in (tmp_path / "cifar-10-batches-py").iterdir():
            file.unlink()
    check(prepared(settings(path), tmp_path / "out"))


def test_png_files_are_read_class_after_class(tmp_path):
    for number, (image, label) in enumerate(zip(IMAGES, LABELS, strict=True)):
        part = "train" if number < 10 else "test"
        save(image, tmp_path / part / cifar10.CLASSES[label] / f"{number:04d}.png")
    for name in cifar10.CLASSES[2:]:
        save(IMAGES[0], tmp_path / "test" / name / "0.png")
    dataset = prepared(config("cifar10", path=str(tmp_path), train=10, test=10), tmp_path / "out")
    order = np.argsort(LABELS[:10], kind="stable")
    np.testing.assert_array_equal(dataset.train.signals, IMAGES[:10][order])
    assert dataset.train.labels.tolist() == list(range(10))


def test_a_missing_class_folder_is_named(tmp_path):
    save(IMAGES[0], tmp_path / "train" / "airplane" / "0.png")
    with pytest.raises(DatasetError, match=r"train/automobile/: no picture; expected the 10 class"):
        load_raw(settings(tmp_path))


def test_a_batch_that_is_not_the_published_one_is_refused(tmp_path):
    write_batches(tmp_path / "source")
    with pytest.raises(DatasetError, match=r"data_batch_1: MD5 .* expected c99cafc15224"):
        load_raw(config("cifar10", path=str(tmp_path / "source")))


def test_a_missing_batch_and_a_truncated_archive_are_named(tmp_path):
    write_batches(tmp_path / "source")
    archive = tmp_path / "cut.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(tmp_path / "source", "cifar-10-batches-py")
    archive.write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])
    with pytest.raises(DatasetError, match=r"cut.tar.gz: not a readable tar archive"):
        load_raw(settings(archive))
    (tmp_path / "source" / "data_batch_3").unlink()
    with pytest.raises(DatasetError, match="no data_batch_3, expected data_batch_1"):
        load_raw(settings(tmp_path / "source"))


def test_a_batch_cannot_run_code():
    class Attack:
        def __reduce__(self):
            return os.system, ("echo never",)

    with pytest.raises(DatasetError, match=r"evil: not a readable .*asks for \w+.system"):
        read_batch([("evil", pickle.dumps({b"data": Attack(), b"labels": []}))])
    with pytest.raises(pickle.UnpicklingError):
        ArraysOnly(io.BytesIO(b"cbuiltins\neval\n.")).load()


def test_other_contents_of_a_batch_are_refused():
    with pytest.raises(DatasetError, match=r"an array \(2, 768\), expected \(2, 3072\)"):
        read_batch([("small", cifar_batch(noise(2, 16), [0, 1]))])
    with pytest.raises(DatasetError, match="label 12, expected 0 to 9"):
        read_batch([("labels", cifar_batch(noise(2, 32), [0, 12]))])
    with pytest.raises(DatasetError, match="text: not a readable CIFAR-10 batch"):
        read_batch([("text", b"hello")])


def test_nothing_there_says_what_to_put_where(tmp_path):
    with pytest.raises(DatasetError, match=r"expected cifar-10-python.tar.gz, the folder cifar-10"):
        load_raw(settings(tmp_path))


class Server(http.server.BaseHTTPRequestHandler):
    """Answers with the class's ``content``, and breaks off after ``sent`` bytes."""

    content, sent = b"", 0

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        self.wfile.write(self.content[: self.sent])

    def log_message(self, *_):
        pass


@pytest.fixture
def served(tmp_path, monkeypatch):
    """The archive on a server of this machine; the server's class."""
    write_batches(tmp_path / "cifar-10-batches-py")
    with tarfile.open(tmp_path / "archive", "w:gz") as tar:
        tar.add(tmp_path / "cifar-10-batches-py", "cifar-10-batches-py")
    Server.content = (tmp_path / "archive").read_bytes()
    Server.sent = len(Server.content)
    digest = hashlib.md5(Server.content).hexdigest()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setattr(cifar10, "URL", f"http://127.0.0.1:{server.server_port}/archive")
        monkeypatch.setattr(cifar10, "ARCHIVE_MD5", f"md5:{digest}")
        yield Server
        server.shutdown()


def test_an_interrupted_download_leaves_nothing_and_is_fetched_again(tmp_path, served):
    place = tmp_path / "source"
    served.sent = len(served.content) // 2
    with pytest.raises(DatasetError, match=r"cifar-10-python.tar.gz: http.* could not be download"):
        load_raw(settings(place, download=True))
    assert not any(place.iterdir())
    served.sent = len(served.content)
    check(prepared(settings(place, download=True), tmp_path / "out"))


def test_the_beginning_of_an_archive_is_fetched_again(tmp_path, served):
    place = tmp_path / "source"
    place.mkdir()
    (place / cifar10.ARCHIVE).write_bytes(served.content[:1000])
    with pytest.raises(DatasetError, match="not a readable tar archive"):
        load_raw(settings(place))
    check(prepared(settings(place, download=True), tmp_path / "out"))
    served.content = b""
    load_raw(settings(place, download=True))


def test_a_server_with_another_file_is_not_believed(tmp_path, served):
    served.content, served.sent = b"other", 5
    with pytest.raises(DatasetError, match=r"could not be downloaded .*put the file there by hand"):
        load_raw(settings(tmp_path / "source", download=True))
    assert not any((tmp_path / "source").iterdir())


def test_a_mosaic_of_another_size_is_refused(tmp_path):
    for name in [*(f"train_{k:02d}" for k in range(20)), *(f"test_{k:02d}" for k in range(4))]:
        save(noise(1, 64)[0], tmp_path / f"{name}.webp", lossless=True)
    np.savez(tmp_path / "labels.npz", y_train=np.zeros(50000), y_test=np.zeros(10000))
    raw = load_raw(config("cifar10", path=str(tmp_path)))
    with pytest.raises(DatasetError, match=r"train_00.webp: 64x64 pixels, expected 1600x1600"):
        next(raw.train.chunks(0))
