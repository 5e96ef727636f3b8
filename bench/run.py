#!/usr/bin/python3
"""What Limbeck costs against the same SQL run raw, row by row as issue 7 asks for it.

    bench/run.py [--full] [--only GROUP,...] [--rounds N] [--library FILE] [--no-install] [--no-postgres]
                 [--page FILE]

Raw and Limbeck take turns in one run; a row shows the medians, their ratio, the target and whether it is met.
Databases are as durable as the engines come: fsync is on. Groups, each a module of this directory: planning,
noop, fresh, loading, memory, peers, alter. --rounds is 5; small histories have more. --full adds what takes longer than ten minutes in all.

PostgreSQL rows need a user who may become postgres. The module is built from pg_ext/ and installed first;
--no-install measures the one that is there. --page bench/RESULTS.md puts what is printed into that page, behind
its line "<!-- bench/run.py -->". The exit status is 1 when a target is missed.
"""
import argparse
import os
import platform
import sqlite3
import sys
import tempfile
import time

import alter
import fresh
import loading
import memory
import noop
import peers
import planning
from common import TOP, Bench, Report
from servers import Server

GROUPS = {module.__name__: module for module in (planning, noop, fresh, loading, memory, peers, alter)}


def parsed():
    parser = argparse.ArgumentParser()
    parser.add_argument('--full', action='store_true')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--only', default=','.join(GROUPS))
    parser.add_argument('--library', default=os.path.join(TOP, 'sqlite_ext', 'limbeck'))
    parser.add_argument('--no-install', action='store_true')
    parser.add_argument('--no-postgres', action='store_true')
    parser.add_argument('--page')
    options = parser.parse_args()
    options.library = os.path.abspath(options.library)
    for group in options.only.split(','):
        if group not in GROUPS:
            parser.error(f'no group {group}: ' + ', '.join(GROUPS))
    return options


def write_page(path, report):
    with open(path) as file:
        text, mark, _ = file.read().partition('<!-- bench/run.py -->\n')
    with open(path, 'w') as file:
        file.writelines([text, mark, '\n', *report.lines])


def main():
    options, report, begun = parsed(), Report(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix='limbeck-bench.') as work:
        server = None if options.no_postgres else Server.start(TOP, not options.no_install)
        try:
            report.say(f'{time.strftime("%Y-%m-%d", time.gmtime())}, {platform.machine()}, '
                       f'{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the start, '
                       f'SQLite {sqlite3.sqlite_version}, PostgreSQL {server.version if server else "not measured"}, '
                       f'medians of {options.rounds}, more of small histories')
            for group in options.only.split(','):
                started = time.monotonic()
                GROUPS[group].measure(Bench(options, work, server, report))
                report.say(f'\n{group}: {time.monotonic() - started:.0f} s')
        finally:
            if server:
                server.stop()
    minutes, seconds = divmod(round(time.monotonic() - begun), 60)
    report.say(f'\n{minutes} min {seconds} s, {report.missed} targets missed')
    if options.page:
        write_page(options.page, report)
    return 1 if report.missed else 0


if __name__ == '__main__':
    sys.exit(main())
