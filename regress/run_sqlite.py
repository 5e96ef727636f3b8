#!/usr/bin/python3
"""Runs sql/*.sql (all but pg_*) on SQLite and compares the output with expected/*.out.

    regress/run_sqlite.py [--extension FILE | --host PROGRAM] [NAME ...]

Each script gets a fresh database file. What is printed is what `psql -X -a -q` prints under
pg_regress, so that a script for both engines has one expected file. The output is left in
build/results/NAME.out; to accept it, read it and copy it to expected/.
"""
import argparse
import difflib
import glob
import os
import re
import sqlite3
import subprocess
import sys
import tempfile

import psql

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Module:
    """SQLite as Python has it, with the extension loaded."""

    def __init__(self, path, extension):
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.text_factory = lambda b: b.decode('utf-8', 'backslashreplace')
        self.connection.enable_load_extension(True)
        self.connection.load_extension(extension)
        self.connection.enable_load_extension(False)

    def run(self, statement):
        """Returns (names or None, rows, error or None)."""
        names, rows = None, []
        try:
            cursor = self.connection.execute(statement)
            if cursor.description:
                names = [d[0] for d in cursor.description]
            rows = cursor.fetchall()
        except sqlite3.Error as e:
            return names, rows, str(e)
        return names, rows, None

    def close(self):
        self.connection.close()


class Host:
    """The same through a program (regress/sqlite_host.c)."""

    def __init__(self, path, command):
        self.process = subprocess.Popen(command + [path], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)

    def value(self):
        kind, length = self.process.stdout.readline().split()
        data = self.process.stdout.read(int(length) + 1)[:-1]
        if kind == b'n':
            return None
        if kind == b'b':
            return data
        text = data.decode('utf-8', 'backslashreplace')
        return int(text) if kind == b'i' else float(text) if kind == b'f' else text

    def run(self, statement):
        data = statement.encode()
        self.process.stdin.write(b'%d\n%s' % (len(data), data))
        self.process.stdin.flush()
        names, rows, error = None, [], None
        while True:
            line = self.process.stdout.readline().split()
            if not line:
                raise RuntimeError(f'the host ended (status {self.process.wait()})')
            if line[0] == b'columns':
                names = [self.value() for _ in range(int(line[1]))]
            elif line[0] == b'row':
                rows.append(tuple(self.value() for _ in names))
            elif line[0] == b'error':
                error = self.value()
            elif line[0] == b'done':
                return names, rows, error

    def close(self):
        self.process.stdin.close()
        status = self.process.wait()
        if status != 0:
            raise RuntimeError(f'the host ended with status {status}')


def transcript(lines, engine):
    """The script's output as psql -a -q would print it."""
    splitter = psql.Splitter()
    out = []

    def run(statement):
        names, rows, error = engine.run(statement)
        if re.match(r'\s*ALTER\b', statement, re.IGNORECASE):
            names = None  # SQLite 3.34 gives ALTER TABLE ... RENAME a column
        if error is not None:
            out.append(psql.error(error))
        elif names:
            out.append(psql.table(names, rows))

    for line in lines:
        if line == '\n' and splitter.inside is None:
            continue  # psql passes over an empty line
        out.append(line if line.endswith('\n') else line + '\n')
        for statement in splitter.feed(line):
            run(statement)
    rest = splitter.rest()
    if rest:
        run(rest)
    return ''.join(out)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--extension', default=os.path.join(TOP, 'sqlite_ext', 'limbeck.so'))
    parser.add_argument('--host')
    parser.add_argument('names', nargs='*')
    options = parser.parse_args()
    os.chdir(TOP)

    names = options.names or sorted(
        os.path.basename(path)[:-4] for path in glob.glob('sql/*.sql')
        if not os.path.basename(path).startswith('pg_'))
    results = 'build/results'
    os.makedirs(results, exist_ok=True)
    passed = failed = 0
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'test.db')
            if options.host:
                engine = Host(path, options.host.split())
            else:
                engine = Module(path, os.path.abspath(options.extension))
            with open(f'sql/{name}.sql', encoding='utf-8') as script:
                try:
                    output = transcript(script, engine)
                    engine.close()
                except RuntimeError as e:
                    output = f'{e}\n'
        with open(f'{results}/{name}.out', 'w', encoding='utf-8') as f:
            f.write(output)
        try:
            with open(f'expected/{name}.out', encoding='utf-8') as f:
                expected = f.read()
        except FileNotFoundError:
            expected = ''
        if output == expected:
            passed += 1
            continue
        failed += 1
        print(f'{name} differs:')
        sys.stdout.writelines(difflib.unified_diff(
            expected.splitlines(True), output.splitlines(True),
            f'expected/{name}.out', f'{results}/{name}.out'))
    print(f'{passed} passed, {failed} failed')
    return 1 if failed or not passed else 0


if __name__ == '__main__':
    sys.exit(main())
