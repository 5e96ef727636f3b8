#!/usr/bin/python3
"""Writes core/ and sqlite_ext/ as one C file that compiles alone (make amalgamation).

Headers of our own are put in place of their first #include. A name that a file defines for itself and
that another file uses too gets the file's name in front, except where it is a member (after a dot or
an arrow).
"""
import argparse
import glob
import os
import re

TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|[A-Za-z_]\w*|->|\s+|.', re.S)
KEYWORDS = {'struct', 'enum', 'union', 'static', 'const', 'void', 'inline', 'int', 'char', 'bool'}
PUBLIC = re.compile(r'(lim_|limbeck_|sqlite3_|LIM_|LIMBECK_|SQLITE_)')
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+"([^"]+)"[^\n]*\n', re.M)
FEATURE = re.compile(r'^#define (_\w+_SOURCE) [^\n]*\n', re.M)
ATTRIBUTE = re.compile(r'__attribute__\s*\(\(.*?\)\)', re.S)
MACRO = re.compile(r'^[ \t]*#[ \t]*define[ \t]+(\w+)', re.M)


def tokens(text):
    return TOKEN.findall(text)


def own_names(text):
    """Names that a file defines at its top level for itself: static ones, types, tags, macros."""
    names = set(MACRO.findall(text))
    code = ATTRIBUTE.sub('', text)
    code = re.sub(r'^[ \t]*#(?:[^\n\\]|\\.|\\\n)*', '', code, flags=re.M)
    depth = 0
    kind = before = ''
    declaration = []
    for token in tokens(code):
        if token.isspace() or token.startswith(('//', '/*')):
            continue
        if token in '{}':
            if token == '{' and depth == 0:
                names |= declared(declaration, False)
                is_enum = 'enum' in declaration and '(' not in declaration
                kind = 'enum' if is_enum else ''
            depth += 1 if token == '{' else -1
            if depth == 0 and '(' in declaration and '=' not in declaration:
                declaration = []
        elif depth == 0 and token == ';':
            names |= declared(declaration, True)
            declaration = []
        elif depth == 0:
            declaration.append(token)
        elif depth == 1 and kind == 'enum' and before in ('{', ',') and re.match(r'[A-Za-z_]\w*$', token):
            names.add(token)
        before = token
    return {name for name in names - KEYWORDS if not PUBLIC.match(name)}


def declared(declaration, whole):
    """The names that a top-level declaration gives; whole: up to its semicolon, not just its brace."""
    names = set()
    words = [t for t in declaration if re.match(r'[A-Za-z_]\w*$', t)]
    if not words:
        return names
    for i, token in enumerate(declaration[:-1]):
        if token in ('struct', 'enum', 'union') and re.match(r'[A-Za-z_]\w*$', declaration[i + 1]):
            if i == 0 or declaration[0] == 'typedef' or declaration[:i] == ['static', 'const']:
                if '(' not in declaration[:i]:
                    names.add(declaration[i + 1])
    if declaration[0] == 'typedef':
        if whole and '(' not in declaration:
            names.add(words[-1])
    elif declaration[0] == 'static':
        for i, token in enumerate(declaration):
            if token in ('(', '[', '='):
                names.add(declaration[i - 1])
                break
        else:
            names.add(words[-1])
    return names


def rename(text, names, prefix):
    out = []
    before = ''
    for token in tokens(text):
        if token in names and before not in ('.', '->'):
            out.append(prefix + token)
        else:
            out.append(token)
        if not token.isspace():
            before = token
    return ''.join(out)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--version', default='')
    parser.add_argument('files', nargs='+')
    options = parser.parse_args()

    sources = {path: open(path, encoding='utf-8').read() for path in options.files}
    used = {path: set(tokens(text)) for path, text in sources.items()}
    for folder in {os.path.dirname(path) for path in sources}:
        for header in glob.glob(os.path.join(folder, '*.h')):
            with open(header, encoding='utf-8') as f:
                used[header] = set(tokens(f.read()))
    folders = sorted({os.path.dirname(path) for path in sources})
    done = set()

    def inline(match, folder):
        for place in [folder, *folders, '.']:
            path = os.path.normpath(os.path.join(place, match.group(1)))
            if os.path.exists(path):
                break
        else:
            return match.group(0)
        if path in done:
            return ''
        done.add(path)
        text = open(path, encoding='utf-8').read()
        text = INCLUDE.sub(lambda m: inline(m, os.path.dirname(path)), text)
        return f'/* ---- {path} ---- */\n{text}'

    features = {line.group(1): line.group(0) for text in sources.values()
                for line in FEATURE.finditer(text)}

    print(f'/*\n** Limbeck {options.version}: schema migrations inside a SQLite database, in one file.\n**\n'
          '** cc -shared -fPIC -o limbeck.so limbeck.c       a loadable extension\n'
          '** cc -DSQLITE_CORE -c limbeck.c                  linked in: sqlite3_auto_extension(\n'
          '**                                                (void (*)(void))sqlite3_limbeck_init)\n'
          '**\n** Licence: PostgreSQL (see LICENSE). Written by make amalgamation; do not edit.\n*/')
    print(''.join(features.values()), end='')
    for path, text in sources.items():
        text = FEATURE.sub('', text)
        stem = os.path.splitext(os.path.basename(path))[0]
        own = own_names(INCLUDE.sub('', text))
        clash = {name for name in own if any(name in used[p] for p in used if p != path)}
        text = rename(text, clash, stem + '_')
        text = INCLUDE.sub(lambda m: inline(m, os.path.dirname(path)), text)
        print(f'/* ---- {path} ---- */\n{text}')


main()
