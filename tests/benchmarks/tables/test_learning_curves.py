"""A comparison reads the curves that their own results stand for, and says why not another."""

import pandas as pd
import pytest

from benchmarks.settings.cell import resolve
from benchmarks.settings.scale import load_scale
from benchmarks.tables.learning_curves import gathered
from tests.benchmarks.tables.results_tree import leave_learning_curve, provenance, write

CURVE = pd.DataFrame({"signals": [10, 100], "seconds": [1.0, 10.0], "test_psnr": [20.0, 24.0]})
LIFT = {"scale": "budget", "method": "lift"}


def found(root, seeds=(0,)):
    return gathered(root, load_scale("budget").model_copy(update={"seeds": [*seeds]}), "cifar10")


def test_a_curve_whose_stage_failed_is_named_with_the_reason(tmp_path):
    for seed in (0, 1):
        leave_learning_curve(tmp_path, "lift", CURVE, seed)
    write(tmp_path, "cifar10", [], stage="learning_curve", seed=1, failed="killed", **LIFT)
    curves = found(tmp_path, (0, 1))
    assert curves.counts == {"LIFT": 1}
    assert "Not read: LIFT, seed 1 (learning_curve failed: killed)." in list(curves.remarks())
    assert "LIFT" not in curves.lacking


def test_a_curve_of_a_training_that_failed_since_is_not_read(tmp_path):
    leave_learning_curve(tmp_path, "lift", CURVE)
    write(tmp_path, "cifar10", [], stage="fit", failed="step 7: loss nan", **LIFT)
    assert found(tmp_path).refused == {"LIFT, seed 0": "fit failed: step 7: loss nan"}


def test_a_failed_training_without_a_curve_is_named_with_the_reason(tmp_path):
    write(tmp_path, "cifar10", [], stage="fit", failed="step 7: loss nan", **LIFT)
    assert found(tmp_path).refused == {"LIFT, seed 0": "fit failed: step 7: loss nan"}


def test_a_curve_of_weights_that_were_replaced_is_not_read(tmp_path):
    leave_learning_curve(tmp_path, "lift", CURVE)
    recorded = provenance({"weights": "old"})
    write(tmp_path, "cifar10", [], stage="learning_curve", recorded=recorded, **LIFT)
    for weights, refused in (
        ("old", {}),
        ("new", {"LIFT, seed 0": "of another training than fit.json"}),
    ):
        write(
            tmp_path, "cifar10", [], stage="fit", artifacts={"field.safetensors": weights}, **LIFT
        )
        assert found(tmp_path).refused == refused


def test_unlike_devices_are_named(tmp_path):
    for method, device in (("lift", "cpu"), ("functa", "cpu, no bfloat16 products")):
        leave_learning_curve(tmp_path, method, CURVE)
        here, recorded = {**LIFT, "method": method}, provenance({}, device)
        write(tmp_path, "cifar10", [], stage="fit", recorded=recorded, **here)
    said = "Trained on unlike devices: cpu (LIFT); cpu, no bfloat16 products (Functa)."
    assert said in list(found(tmp_path).remarks())


@pytest.mark.parametrize("content", ["signals,seconds,test_psnr\n1,2,99\n", None])
def test_a_curve_that_is_not_the_recorded_one_is_not_read(tmp_path, content):
    path = leave_learning_curve(tmp_path, "lift", CURVE) / "learning_curve.csv"
    path.unlink() if content is None else path.write_text(content, encoding="utf-8")
    said = "learning_curve.csv is not the file that learning_curve.json names"
    assert found(tmp_path).refused == {"LIFT, seed 0": said}


def test_a_curve_without_a_result_is_none(tmp_path):
    (leave_learning_curve(tmp_path, "lift", CURVE) / "learning_curve.json").unlink()
    assert "LIFT" in found(tmp_path).lacking


def test_a_result_of_before_hashes_stands_for_its_curve(tmp_path):
    leave_learning_curve(tmp_path, "lift", CURVE)
    write(tmp_path, "cifar10", [], stage="learning_curve", **LIFT)
    assert found(tmp_path).counts == {"LIFT": 1}


def test_what_was_trained_otherwise_than_configured_is_said(tmp_path):
    leave_learning_curve(tmp_path, "lift", CURVE)
    training = resolve("budget", "cifar10", "lift", 0).training.model_dump(mode="json")
    training["fit"] |= {"rate": 0.5, "validate_every": 7}
    recorded = provenance({"training": training})
    write(tmp_path, "cifar10", [], stage="learning_curve", recorded=recorded, **LIFT)
    said = "LIFT: trained with other settings than configured (fit.rate 0.5, now 0.0004)."
    assert said in list(found(tmp_path).remarks())
