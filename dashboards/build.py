"""Writes the dashboards' JSON beside this file; with `--check`, only says what differs.

python3 -m pip install --requirement dashboards/requirements.txt
python3 dashboards/build.py [--check]
"""

import argparse
import json
import sys
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from weir_dashboards import fleet, flows, pipeline, programs

HERE = Path(__file__).resolve().parent
DASHBOARDS = {"fleet": fleet, "programs": programs, "flows": flows, "pipeline": pipeline}


def main() -> int:
    parser = argparse.ArgumentParser(description="Writes the dashboards' JSON.")
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    is_check: bool = parser.parse_args().check
    stale = []
    for name, module in DASHBOARDS.items():
        # Sorted, so that the order of the SDK's fields makes no difference.
        text = json.dumps(module.dashboard(), cls=JSONEncoder, indent=2, sort_keys=True) + "\n"
        path = HERE / f"{name}.json"
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path.name)
        if not is_check:
            path.write_text(text, encoding="utf-8", newline="\n")
    if is_check and stale:
        print(f"differ from dashboards/build.py: {', '.join(stale)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
