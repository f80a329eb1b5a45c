"""Later settings win, key by key, and each remembers its place."""

from benchmarks.settings.merge import leaf_at, leaves, merge, plain, sourced


def test_groups_merge_key_by_key_and_everything_else_is_replaced():
    base = sourced({"a": {"x": 1, "deep": {"y": 2, "z": 3}}, "list": [1, 2], "kept": None}, "base")
    changes = sourced({"a": {"deep": {"z": 4}}, "list": [3], "new": 5}, "changes")
    assert plain(merge(base, changes)) == {
        "a": {"x": 1, "deep": {"y": 2, "z": 4}},
        "list": [3],
        "kept": None,
        "new": 5,
    }
    assert plain(base)["a"]["deep"]["z"] == 3


def test_a_setting_keeps_its_file_and_key():
    merged = merge(sourced({"a": {"x": 1, "y": 1}}, "one", "at"), sourced({"a": {"y": 2}}, "two"))
    assert {key: str(leaf) for key, leaf in leaves(merged)} == {
        "a.x": "one: at.a.x",
        "a.y": "two: a.y",
    }
    assert leaf_at(merged, ("a", "y")).value == 2
    assert leaf_at(merged, ("a", "z")) is None


def test_a_group_of_arguments_belongs_to_what_it_is_for():
    arguments = {"g.network": "denoiser"}
    base = sourced({"g": {"denoiser": "unet", "network": {"widths": [1]}, "rate": 1}}, "base")
    same = sourced({"g": {"denoiser": "unet", "network": {"blocks": 2}}}, "same")
    other = sourced({"g": {"denoiser": "mlp", "network": {"blocks": 2}}}, "other")
    assert plain(merge(base, same, arguments=arguments))["g"]["network"] == {
        "widths": [1],
        "blocks": 2,
    }
    assert plain(merge(base, other, arguments=arguments))["g"] == {
        "denoiser": "mlp",
        "network": {"blocks": 2},
        "rate": 1,
    }


def test_joined_lists_grow_and_name_nothing_twice():
    merged = merge(sourced({"m": [1, 2]}, "a"), sourced({"m": [2, 3]}, "b"), joined=("m",))
    assert plain(merged) == {"m": [1, 2, 3]}
