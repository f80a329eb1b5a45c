"""The table of the search: who has finished all trials has a best, what diverged counts."""

import pytest

from benchmarks.settings.reading import ConfigError
from benchmarks.stages.search import csv_path, load_search
from benchmarks.tables.searches import rates_of, sections

HEAD = "method,trial,signals,seconds,validation_psnr,fit.clip,fit.rate,fit.rates_rate,"
HEAD += "field.inner_rates.start,fit.muon_rate\n"


def shown(tmp_path, rows):
    search = load_search()
    path = csv_path(tmp_path, search)
    path.parent.mkdir(parents=True)
    path.write_text(HEAD + rows, encoding="utf-8")
    [(section, trials)] = sections(search, tmp_path, search.scale)
    assert "CIFAR-10" in section.title
    return {row[0].text: [cell.text for cell in row[1:]] for row in section.grids[0].rows}, trials


def trial(method, number, decibels, settings=",,,,"):
    return f"{method},{number},8,1,{decibels},{settings}\n"


def test_a_method_that_has_not_finished_has_no_best(tmp_path):
    count = load_search().trials
    rows = [trial(name, n, 30 + n) for name in ("lift", "functa") for n in range(count)]
    table, _ = shown(tmp_path, "".join([*rows, trial("enf", 0, 21)]))
    assert table["LIFT"][1] == table["Functa"][1] == f"{29 + count:.2f}"
    assert table["ENF"] == ["21.00", "not finished", "", "", "", "1"]
    titles = {"lift": "LIFT", "functa": "Functa", "enf": "ENF"}
    search = load_search()

    def said(scale, names, changed=()):
        given = {name: titles[name] for name in names}
        return rates_of(search, tmp_path, scale, search.dataset, given, changed)

    assert said("budget", titles).endswith("for every method; not so searched: ENF.")
    assert said("budget", ["lift", "functa"]).endswith("for every method.")
    one = said("budget", ["lift", "functa"], ["Functa"])  # trained by other settings
    assert one.endswith("not so searched: Functa.")
    assert "not come from equal searches" in said("demo", titles)


def test_rates_by_name_no_muon_and_nothing_that_converged(tmp_path):
    rows = [
        'enf,0,8,1,20.0,,,,,\nenf,1,8,1,21.0,1,0.001,0.01,"{""pose"": 1.0}",\n',
        *(trial("enf", number, 19) for number in (2, 3)),
        "functa,0,,,,,,,,\n",
        *(f"functa,{number},,,,1,0.001,0.01,0.05,\n" for number in (1, 2, 3)),
    ]
    table, _ = shown(tmp_path, "".join(rows))
    assert table["ENF"] == ["20.00", "21.00", "0.001", "none", '{"pose": 1.0}', "4"]
    assert table["Functa"] == ["diverged", "diverged", *["as before"] * 3, "4"]


def test_a_search_of_another_scale_or_none_is_no_section(tmp_path):
    search = load_search()
    assert not list(sections(search, tmp_path, search.scale))
    csv_path(tmp_path, search).parent.mkdir(parents=True)
    csv_path(tmp_path, search).write_text("method\n", encoding="utf-8")
    assert not list(sections(search, tmp_path, "demo"))
    with pytest.raises(ConfigError, match=r"search\.csv: no column"):
        list(sections(search, tmp_path, search.scale))
