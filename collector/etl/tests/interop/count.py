"""Counts what another library finds in event trace files, and the seconds it takes.

    count.py dissect|etl-parser FILE...

Prints one JSON object a file: records of any kind, events among them, seconds. Each event's
payload and extended items are parsed as far as the library does by itself; nothing is printed for
them. The time to start Python and load the library is left out; the best of three runs counts, as
in `examples/count.rs`.
"""

import json
import sys
import time

RUNS = 3


def dissect():
    from dissect.etl.etl import ETL
    from dissect.etl.headers.event import EventHeader

    def count(path):
        records = events = 0
        with open(path, "rb") as file:
            for buffer in ETL(file).buffers():
                for record in buffer:
                    records += 1
                    if isinstance(record.header, EventHeader):
                        events += 1
                        record.header.header_extensions if record.header.header.Flags & 1 else None
        return records, events

    return count


def etl_parser():
    from etl.etl import ChunkParser, EtlLogFile
    from etl.event import Event

    def count(path):
        records = events = 0
        with open(path, "rb") as file:
            data = file.read()
        for chunk in EtlLogFile.parse(data):
            for record in ChunkParser.parse(chunk.payload):
                records += 1
                if record.type == "EventRecord":
                    events += 1
                    Event(record.value)
        return records, events

    return count


def main():
    makers = {"dissect": dissect, "etl-parser": etl_parser}
    if len(sys.argv) < 3 or sys.argv[1] not in makers:
        sys.exit(__doc__)
    count = makers[sys.argv[1]]()
    for path in sys.argv[2:]:
        best = float("inf")
        for _ in range(RUNS):
            begin = time.perf_counter()
            try:
                records, events = count(path)
                error = None
            except Exception as problem:  # what a library cannot read is a finding, not an end
                records, events, error = 0, 0, f"{type(problem).__name__}: {problem}"[:120]
            best = min(best, time.perf_counter() - begin)
        line = {"records": records, "events": events, "seconds": best}
        print(json.dumps(line | ({"error": error} if error else {})), flush=True)


if __name__ == "__main__":
    main()
