"""Checks a field, one line a property; exits with 1 where one fails.

python -m benchmarks.checks my_package.my_field:MyField --settings my_settings.yaml
python -m benchmarks.checks --method lift --dataset embedded-images
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from benchmarks.checks.named import DOMAINS, read_settings, subject_of, subject_of_method
from benchmarks.checks.subject import Subject
from benchmarks.checks.suite import run


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("field", nargs="?", help="package.module:Class, a lift.field.NeuralField")
    parser.add_argument("--settings", type=Path, help="YAML of the class's constructor arguments")
    parser.add_argument("--domain", choices=DOMAINS, default="image", help="of such a class")
    parser.add_argument("--resolution", type=int, help="of its grid")
    parser.add_argument("--method", help="a configured method, in place of a class")
    parser.add_argument("--dataset", default="embedded-images", help="of the method")
    parser.add_argument("--scale", default="demo", help="that sizes the method")
    options = parser.parse_args()
    if (options.field is None) == (options.method is None):
        parser.error("expected either a class, package.module:Class, or --method NAME")
    sys.path.insert(0, str(Path.cwd()))  # where a field of one's own is
    try:
        subject = subject_from(options)
    except (ValueError, OSError) as error:
        sys.exit(f"check: {error}")
    sys.exit(run(subject))


def subject_from(options: argparse.Namespace) -> Subject:
    """The field that the command line names."""
    if options.method:
        return subject_of_method(options.scale, options.dataset, options.method)
    domain = DOMAINS[options.domain]
    if options.resolution is not None:
        domain = replace(domain, resolution=options.resolution)
    return subject_of(options.field, read_settings(options.settings), domain)


if __name__ == "__main__":
    main()
