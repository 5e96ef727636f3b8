#!/usr/bin/python3
"""Executes the examples of README.md and docs/*.md and compares what they print.

    regress/docs.py [FILE ...]             on SQLite
    regress/docs.py --createdb 'createdb %s' --psql 'psql %s'
                                           on PostgreSQL; %s stands for a new database's name

A fenced block is an example by its tag:

    sql       any engine: each statement is run and its result printed as psql prints it
    sqlite    the stock sqlite3 shell (with the library loaded already, unless the block does it)
    psql      psql
    python    /usr/bin/python3

A block tagged `output` right behind says what is printed; without it nothing must fail. The blocks of
one tag in one file are one session on one new database, in the top folder of the project. A block
tagged `sqlite new`, `sql new` and so on starts another one.

The tables of docs/coming-from-alembic.md are examples too: the last cell of a row is run as `sql`, on a
copy of the session's database as the block above the table left it.
"""
import argparse
import difflib
import fnmatch
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

import psql
import run_sqlite

TOP = run_sqlite.TOP
FENCE = re.compile(r'^( *)```(\w+)?([ \w]*)\n(.*?)^\1```[ ]*$', re.M | re.S)
MARK = '----block----'


class Example:
    def __init__(self, path, line, tag, new, text):
        self.path, self.line, self.tag, self.new, self.text = path, line, tag, new, text
        self.wanted = None

    def place(self):
        return f'{self.path}:{self.line}'


def examples_of(path):
    """The examples of a file in order; table rows as examples with the tag `row`."""
    with open(path, encoding='utf-8') as f:
        text = f.read()
    found = []
    for match in FENCE.finditer(text):
        indent, tag, option, body = match.groups()
        body = re.sub('^' + indent, '', body, flags=re.M) if indent else body
        line = text.count('\n', 0, match.start()) + 1
        if tag == 'output' and found and found[-1][1].wanted is None:
            found[-1][1].wanted = body
        elif tag in ('sql', 'sqlite', 'psql', 'python'):
            found.append((match.start(), Example(path, line, tag, 'new' in (option or ''), body)))
    if os.path.basename(path) == 'coming-from-alembic.md':
        for match in re.finditer(r'^\|.*\| `(SELECT .*)` \|$', text, re.M):
            line = text.count('\n', 0, match.start()) + 1
            sql = match.group(1).replace('` <br> `', '\n').replace('\\|', '|')
            found.append((match.start(), Example(path, line, 'row', False, sql + '\n')))
    return [example for _, example in sorted(found, key=lambda item: item[0])]


def sessions(examples, tag):
    """The examples of one tag, grouped into sessions."""
    groups = []
    for example in examples:
        if example.tag != tag:
            continue
        if example.new or not groups:
            groups.append([])
        groups[-1].append(example)
    return groups


def results(engine, text):
    """What psql would print for the statements of a text, without the echo."""
    splitter = psql.Splitter()
    out = []
    statements = [s for line in text.splitlines(True) for s in splitter.feed(line)]
    rest = splitter.rest()
    for statement in statements + ([rest] if rest else []):
        names, rows, error = engine.run(statement)
        out.append(psql.error(error) if error is not None else psql.table(names, rows) if names else '')
    return ''.join(out)


class Tally:
    def __init__(self):
        self.passed = self.failed = 0

    def judge(self, example, got):
        wanted = example.wanted
        if wanted is None:
            good = not re.search(r'^(Runtime |Parse )?(error|ERROR|Error)\b', got, re.M)
            wanted = '(no error)\n'
        else:
            good = tidy(got) == tidy(wanted)
        if good:
            self.passed += 1
            return
        self.failed += 1
        print(f'{example.place()}: {example.tag} example prints something else')
        sys.stdout.writelines(difflib.unified_diff(tidy(wanted).splitlines(True),
                                                   tidy(got).splitlines(True), 'document', 'printed'))


def tidy(text):
    return re.sub(r'[ \t]+$', '', text, flags=re.M).strip('\n') + '\n'


def session_output(command, chunks, mark, environment=None):
    """Feeds the chunks to one process and returns what it printed after each."""
    text = ''.join(chunk + mark for chunk in chunks)
    done = subprocess.run(command, input=text.encode(), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, cwd=TOP, env=environment, check=False)
    parts = done.stdout.decode('utf-8', 'backslashreplace').split(MARK + '\n')
    return parts + [''] * (len(chunks) - len(parts))


def rows_behind(example, groups, rows):
    """The table rows between an example and the next one of its tag."""
    later = [e.line for group in groups for e in group if e.line > example.line]
    return [row for row in rows if example.line < row.line < min(later, default=row.line + 1)]


def run_sql(groups, rows, tally):
    for group in groups:
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, 'example.db')
            engine = run_sqlite.Module(file, os.path.join(TOP, 'sqlite_ext', 'limbeck'))
            for example in group:
                tally.judge(example, results(engine, example.text))
                for row in rows_behind(example, groups, rows):
                    copy = os.path.join(folder, f'row{row.line}.db')
                    shutil.copy(file, copy)
                    other = run_sqlite.Module(copy, os.path.join(TOP, 'sqlite_ext', 'limbeck'))
                    tally.judge(row, results(other, row.text))
                    other.close()
            engine.close()


def run_shell(groups, tally):
    for group in groups:
        with tempfile.TemporaryDirectory() as folder:
            chunks = [example.text for example in group]
            loads = any('.load' in chunk or 'load_extension' in chunk for chunk in chunks)
            prefix = [] if loads else ['-cmd', '.load sqlite_ext/limbeck']
            environment = dict(os.environ, TMPDIR=folder)
            parts = session_output(['stdbuf', '-oL', 'sqlite3', *prefix, os.path.join(folder, 'app.db')],
                                   chunks, f'.print {MARK}\n', environment)
            for example, got in zip(group, parts):
                tally.judge(example, re.sub(r' near line \d+:', ':', got, flags=re.M))


def run_python(groups, tally):
    for group in groups:
        with tempfile.TemporaryDirectory() as folder:
            chunks = [example.text for example in group]
            program = ''.join(f'{chunk}\nprint({MARK!r}, flush=True)\n' for chunk in chunks)
            environment = dict(os.environ, APP_DB=os.path.join(folder, 'app.db'))
            parts = session_output(['/usr/bin/python3', '-u', '-c', program], chunks, '', environment)
            for example, got in zip(group, parts):
                tally.judge(example, got.replace('Traceback', 'Error'))


def run_postgres(path, examples, options, tally):
    rows = [example for example in examples if example.tag == 'row']
    number = 0
    for tag in ('sql', 'psql'):
        groups = sessions(examples, tag)
        for group in groups:
            number += 1
            name = re.sub(r'\W', '_', os.path.basename(path)[:-3].lower()) + f'_{tag}{number}'
            subprocess.run(options.createdb.replace('%s', name), shell=True, check=True,
                           stdout=subprocess.DEVNULL, cwd=TOP)
            steps = []
            for example in group:
                steps.append((example, example.text))
                if tag == 'sql':
                    steps += [(row, f'BEGIN;\n{row.text.strip()};\nROLLBACK;\n')
                              for row in rows_behind(example, groups, rows)]
            chunks = [text for _, text in steps]
            if not any('CREATE EXTENSION' in chunk for chunk in chunks):
                chunks[0] = 'SET client_min_messages = warning;\nCREATE EXTENSION limbeck;\n' + chunks[0]
            command = options.psql.replace('%s', name) + (' -X -q' if tag == 'sql' else ' -X')
            parts = session_output(['sh', '-c', f'stdbuf -oL {command}'], chunks, f'\\echo {MARK}\n')
            for (example, _), got in zip(steps, parts):
                tally.judge(example, got)


def sqlite_names():
    """The functions and table-valued functions that the library registers."""
    engine = run_sqlite.Module(':memory:', os.path.join(TOP, 'sqlite_ext', 'limbeck'))
    _, rows, _ = engine.run("SELECT name FROM pragma_function_list WHERE name LIKE 'migrate\\_%' ESCAPE '\\'"
                            " UNION SELECT name FROM pragma_module_list WHERE name LIKE 'migrate\\_%' ESCAPE '\\'")
    return {name for name, in rows}


def postgres_parameters():
    """The extension's functions and procedures, each with its parameters' names."""
    with open('pg_ext/limbeck.sql', encoding='utf-8') as f:
        made = re.findall(r'^CREATE (?:FUNCTION|PROCEDURE) @extschema@\.(migrate_\w+)\(([^)]*)\)', f.read(), re.M)
    return {name: [one.split()[0].strip('"') for one in parameters.split(',') if one.strip()]
            for name, parameters in made}


def reference_is_complete(tally):
    """Each function of either engine has its heading in the reference, with the parameters' names, and each
    heading its function."""
    with open('docs/reference.md', encoding='utf-8') as f:
        headings = dict(re.findall(r'^### (?:CALL )?(migrate_\w+)\((.*?)\)', f.read(), re.M))
    sqlite, postgres = sqlite_names(), postgres_parameters()
    for name in sorted(sqlite | set(postgres) | set(headings)):
        if name not in headings:
            wrong = 'has no heading'
        elif name not in sqlite and name not in postgres:
            wrong = 'is in neither engine'
        elif name in postgres and headings[name] != ', '.join(postgres[name]):
            wrong = f'has the parameters {", ".join(postgres[name])}'
        else:
            tally.passed += 1
            continue
        tally.failed += 1
        print(f'docs/reference.md: {name} {wrong}')
    for engine in sqlite, postgres:  # a list that could not be read finds nothing missing
        tally.passed += len(engine) >= 20
        tally.failed += len(engine) < 20


def internals_name_every_file(tally):
    """Every source file of core and of the hosts stands in the tables of the internals, `alter_*` for several."""
    with open('docs/internals.md', encoding='utf-8') as f:
        words = {word for words in re.findall(r'^\| (`.*?`) \|', f.read(), re.M) for word in re.findall(r'`(.*?)`', words)}
    for path in sorted(glob.glob('core/*.c') + glob.glob('sqlite_ext/*.c') + glob.glob('pg_ext/*.c')):
        name = os.path.basename(path)[:-2]
        named = any(fnmatch.fnmatchcase(name, word) for word in words)
        tally.passed += named
        tally.failed += not named
        if not named:
            print(f'docs/internals.md does not name {path}')


def links_lead_somewhere(paths, tally):
    """Relative links name a file that is there and, after #, one of its headings."""
    for path in paths:
        with open(path, encoding='utf-8') as f:
            text = FENCE.sub('', f.read())
        for target in re.findall(r'\]\((?!\w+:)([^)\s]+)\)', text):
            file, _, anchor = target.partition('#')
            place = os.path.normpath(os.path.join(os.path.dirname(path), file)) if file else path
            good = os.path.exists(place)
            if good and anchor:
                with open(place, encoding='utf-8') as f:
                    headings = re.findall(r'^#+ (.*)$', f.read(), re.M)
                good = anchor in [re.sub(r'[^\w\- ]', '', h.lower()).replace(' ', '-') for h in headings]
            tally.passed += good
            tally.failed += not good
            if not good:
                print(f'{path}: the link {target} leads nowhere')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--psql')
    parser.add_argument('--createdb')
    parser.add_argument('files', nargs='*')
    options = parser.parse_args()
    os.chdir(TOP)
    tally = Tally()
    paths = options.files or ['README.md', *sorted(glob.glob('docs/*.md'))]
    for path in paths:
        examples = examples_of(path)
        if options.psql:
            run_postgres(path, examples, options, tally)
        else:
            rows = [example for example in examples if example.tag == 'row']
            run_sql(sessions(examples, 'sql'), rows, tally)
            run_shell(sessions(examples, 'sqlite'), tally)
            run_python(sessions(examples, 'python'), tally)
    if not options.psql and not options.files:
        reference_is_complete(tally)
        internals_name_every_file(tally)
        links_lead_somewhere([*paths, 'CONTRIBUTING.md'], tally)
    print(f'{tally.passed} passed, {tally.failed} failed')
    return 1 if tally.failed or not tally.passed else 0


if __name__ == '__main__':
    sys.exit(main())
