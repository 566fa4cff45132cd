"""Prints an event trace file as another library reads it.

    read.py dissect FILE        dissect.etl
    read.py etl-parser FILE     etl-parser

The first line is an object that describes the file; each further line is an event of a manifest or
self-describing provider, in the order of the file. Times are in 100 ns since 1601, of a session
whose clock is the performance counter. `requirements.txt` beside this script pins both libraries,
which differ from the format, and from each other, where the comments below say so.
"""

import json
import struct
import sys
import uuid

SCHEMA = 11
# Where the header record's time stamp, then clock, ticks and start lie in a 64-bit file.
FIRST_STAMP, PERF_FREQ, START_TIME = 0x48 + 0x10, 0x68 + 0x100, 0x68 + 0x108


def schema_name(schema):
    """The name in a self-describing event's metadata: size, tags, name, NUL."""
    at = 2
    while schema[at] & 0x80:
        at += 1
    end = schema.index(0, at + 1)
    return schema[at + 1 : end].decode()


def dissect(path):
    from dissect.etl.etl import ETL
    from dissect.etl.headers.event import EventHeader

    with open(path, "rb") as file:
        trace = ETL(file)
        log = trace.logfile_header
        yield {
            "session": log.logger_name,
            "file": log.log_filename,
            "processors": log.header.NumberOfProcessors,
            "buffers": log.buffers_written,
            "events_lost": log.header.EventsLost,
            "buffers_lost": log.header.BufferLost,
            "start": log.start_time,
            "end": log.end_time,
        }
        for buffer in trace.buffers():
            for record in buffer:
                header = record.header
                if isinstance(header, EventHeader):
                    yield dissect_event(trace, buffer, header)


def dissect_event(trace, buffer, header):
    name, payload = None, bytes(header.payload)
    # The library looks for extended items in every event and ignores which of them is the last.
    if header.header.Flags & 1:
        for item in header.header_extensions:
            if item.ext_type == SCHEMA:
                name = schema_name(item.raw_data)
            linkage = struct.unpack_from("<H", payload, 4)[0]
            payload = payload[item.size :]
            if not linkage & 1:
                break
    descriptor = header.descriptor
    return {
        "time": trace.get_filetime_for_event(header.time_delta),
        "cpu": buffer.header.ProcessorIndex,
        "pid": header.process_id,
        "tid": header.thread_id,
        # Its own `provider_id` takes the bytes for big-endian ones.
        "provider": str(uuid.UUID(bytes_le=bytes(header.header.ProviderId))),
        "id": descriptor.id,
        "version": descriptor.version,
        "level": descriptor.level,
        "keyword": descriptor.keywords,
        "name": name,
        "payload": payload.hex(),
    }


def etl_parser(path):
    from etl.etl import ChunkParser, EtlLogFile, build_from_stream
    from etl.event import Event

    with open(path, "rb") as file:
        data = file.read()
    header = build_from_stream(data).get_header()
    log = header.source
    # Its time zone lacks four bytes of padding, so every field behind it is read from the wrong
    # place, the names too. What time stamps need is taken from the file instead.
    (first,) = struct.unpack_from("<q", data, FIRST_STAMP)
    (ticks,) = struct.unpack_from("<q", data, PERF_FREQ)
    (start,) = struct.unpack_from("<q", data, START_TIME)
    yield {
        "processors": log.NumberOfProcessors,
        "buffers": log.BuffersWritten,
        "events_lost": log.EventsLost,
        "end": log.EndTime,
    }
    # `EtlFile.parse` leaves the first buffer out and does not tell buffers apart.
    for chunk in EtlLogFile.parse(data):
        cpu = chunk.header.wnode.client_context.processor_index
        for record in ChunkParser.parse(chunk.payload):
            if record.type == "EventRecord":
                event = Event(record.value)
                time = start + (event.get_timestamp() - first) * 10_000_000 // ticks
                yield etl_parser_event(cpu, time, event)


def etl_parser_event(cpu, time, event):
    from etl.parsers.tracelogging import TlMetaData

    header = event.source.event_header
    guid, descriptor = header.provider_id.inner, header.event_descriptor
    name = None
    for item in event.source.extended_data or []:
        if item.ext_type == SCHEMA:
            # `parse_tracelogging` fails where it does not know the type of some field.
            name = TlMetaData.parse(item.data_item).name
    return {
        "time": time,
        "cpu": cpu,
        "pid": event.get_process_id(),
        "tid": event.get_thread_id(),
        "provider": str(
            uuid.UUID(
                bytes_le=struct.pack("<IHH", guid.data1, guid.data2, guid.data3)
                + bytes(guid.data4)
            )
        ),
        "id": descriptor.Id,
        "version": descriptor.Version,
        "level": descriptor.Level,
        "keyword": descriptor.Keyword,
        "name": name,
        "payload": event.source.user_data.hex(),
    }


def main():
    readers = {"dissect": dissect, "etl-parser": etl_parser}
    if len(sys.argv) != 3 or sys.argv[1] not in readers:
        sys.exit(__doc__)
    for line in readers[sys.argv[1]](sys.argv[2]):
        print(json.dumps(line, separators=(",", ":")))


if __name__ == "__main__":
    main()
