"""What psql does, as far as the regression scripts need it: where a statement ends, and how a result is
printed (psql -X -a -q, as pg_regress runs it)."""
import re
import sqlite3
import unicodedata


class Splitter:
    """Finds the statements of a script line by line, by psql's rules: a semicolon outside quotes,
    comments and parentheses ends one."""

    WORD = re.compile(r"\$(?:[A-Za-z_\x80-\uffff][\w]*)?\$")

    def __init__(self):
        self.buffer = ''
        self.inside = None  # the end that is waited for: ' " */ or $tag$; None outside
        self.escapes = False
        self.comments = 0
        self.depth = 0

    def feed(self, line):
        """Takes one line (with its newline) and yields the statements that end on it."""
        i = 0
        while i < len(line):
            i, statement = self.step(line, i)
            if statement is not None:
                yield statement

    def step(self, line, i):
        c = line[i]
        if self.inside is not None:
            return self.quoted(line, i), None
        if line.startswith('--', i):
            if self.buffer.strip():
                self.buffer += line[i:]
            return len(line), None
        if line.startswith('/*', i):
            self.inside, self.comments = '*/', 1
            self.buffer += '/*'
            return i + 2, None
        if c in '\'"':
            self.inside = c
            self.escapes = c == "'" and bool(re.search(r'(^|[^\w])[eE]$', self.buffer))
        elif c == '$' and not re.search(r'\w$', self.buffer):
            match = self.WORD.match(line, i)
            if match:
                self.inside = match.group(0)
                self.buffer += self.inside
                return match.end(), None
        elif c == '(':
            self.depth += 1
        elif c == ')':
            self.depth = max(0, self.depth - 1)
        elif c == ';' and self.depth == 0 and not self.in_trigger():
            statement, self.buffer = self.buffer, ''
            return i + 1, statement.strip() + ';'
        self.buffer += c
        return i + 1, None

    def in_trigger(self):
        """Inside SQLite's CREATE TRIGGER ... END, which psql need not know."""
        return (re.match(r'\s*CREATE\s+(TEMP\w*\s+)?TRIGGER\b.*\bBEGIN\b', self.buffer, re.I | re.S)
                and not sqlite3.complete_statement(self.buffer + ';'))

    def quoted(self, line, i):
        """One step inside quotes or a comment; returns the place after it."""
        if self.inside == '*/' and line.startswith('/*', i):
            self.comments += 1
            self.buffer += '/*'
            return i + 2
        if self.escapes and line[i] == '\\':
            self.buffer += line[i:i + 2]
            return i + 2
        if line.startswith(self.inside, i):
            end = i + len(self.inside)
            self.buffer += self.inside
            if self.inside == '*/':
                self.comments -= 1
                if self.comments > 0:
                    return end
            self.inside = None
            return end
        self.buffer += line[i]
        return i + 1

    def rest(self):
        """What stands after the last semicolon, if it is a statement."""
        bare = re.sub(r'--[^\n]*|/\*.*?\*/', '', self.buffer, flags=re.S).strip()
        return self.buffer.strip() if bare else None


def width(text):
    return sum(2 if unicodedata.east_asian_width(c) in 'WF' else 0 if unicodedata.combining(c) else 1
               for c in text)


def lines_of(value):
    """A cell's lines as psql shows them."""
    if value is None:
        return ['']
    if isinstance(value, bytes):
        return ['\\x' + value.hex()]
    lines = []
    for line in str(value).split('\n'):
        shown = ''
        for c in line:
            if c == '\t':
                shown += ' ' * (8 - width(shown) % 8)
            elif c == '\r':
                shown += '\\r'
            elif ord(c) < 32 or ord(c) == 127:
                shown += f'\\x{ord(c):02X}'
            else:
                shown += c
        lines.append(shown)
    return lines


def column_name(name):
    """PostgreSQL's name for a column that was given none: SQLite's is the expression's text."""
    cast = re.fullmatch(r'cast\s*\((.*)\s+as\s+\w+\s*\)', name, re.I | re.S)
    if cast:
        inner = column_name(cast.group(1).strip())
        return inner if inner != '?column?' else name
    call = re.fullmatch(r'(\w+)\s*\(.*\)', name, re.S)
    if call:
        return call.group(1).lower()
    dotted = re.fullmatch(r'(?:\w+\.)?(\w+)', name)
    if dotted and not dotted.group(1).isdigit():
        return dotted.group(1)
    return '?column?' if re.search(r"[^\w ]|^\d", name) else name


def table(names, rows):
    """An aligned table, (n rows) and the empty line after it."""
    names = [column_name(name) for name in names]
    right = [any(row[i] is not None for row in rows)
             and all(row[i] is None or isinstance(row[i], (int, float)) for row in rows)
             for i in range(len(names))]
    cells = [[lines_of(value) for value in row] for row in rows]
    widths = [max([width(name)] + [width(line) for row in cells for line in row[i]])
              for i, name in enumerate(names)]
    out = ['|'.join(f' {" " * ((w - width(n)) // 2)}{n}{" " * ((w - width(n) + 1) // 2)} '
                    for n, w in zip(names, widths)),
           '+'.join('-' * (w + 2) for w in widths)]
    for row in cells:
        for k in range(max(len(cell) for cell in row)):
            out.append('|'.join(cell_line(cell, k, widths[i], right[i], i == len(names) - 1)
                                for i, cell in enumerate(row)))
    out.append('(1 row)' if len(rows) == 1 else f'({len(rows)} rows)')
    return '\n'.join(out) + '\n\n'


def cell_line(cell, k, w, right, last):
    more = k + 1 < len(cell)
    text = cell[k] if k < len(cell) else ''
    pad = ' ' * (w - width(text))
    if right:
        text = pad + text
    elif not last or more:
        text += pad
    return ' ' + text + ('+' if more else '' if last else ' ')


def error(message):
    return f'ERROR:  {message}\n'
