"""Random histories, version rows and target words; a history as one line of text.

    aaaa; bbbb:aaaa; ccc1:bbbb[l1]; dddd:bbbb,ccc1<xxx1,yyy1

A revision is its id, then ":" and its down_revisions, "<" and its dependencies (ids or labels), "[...]" and
its labels, as in the unit tests of core. Sets of revisions are ints here, revision n being bit n: closures
over hundreds of revisions cost nothing then.
"""
import re

LABELS = ('main', 'api', 'billing', 'bill', 'ab', 'a1b2', 'users', 'b1x', 'core', 'aa11', 'late')
ODD_LABELS = ('my-branch', 'v1.0', 'rel-2', 'a1-b')  # Alembic takes them, but can't always read them
RESERVED = ('head', 'heads', 'base', 'current', 'none')


def bits(members):
    while members:
        low = members & -members
        yield low.bit_length() - 1
        members ^= low


class History:
    """Revisions in the order of the graph, which is Alembic's order of files and Limbeck's seq: mostly parents
    before children, but it needn't be so."""

    def __init__(self, rows):
        """rows: (id, down, deps, labels)"""
        self.rows = [(name, tuple(down), tuple(deps), tuple(labels)) for name, down, deps, labels in rows]
        self.ids = [row[0] for row in self.rows]
        self.labels = [row[3] for row in self.rows]
        self.number = {word: n for n, row in enumerate(self.rows) for word in (row[0], *row[3])}
        # lists of n, in declared order, without doubles
        self.parents = [[self.number[p] for p in row[1]] for row in self.rows]
        self.deps = [list(dict.fromkeys(self.number[d] for d in row[2])) for row in self.rows]
        self.all_parents = [list(dict.fromkeys(p + d)) for p, d in zip(self.parents, self.deps)]
        self.oldest_first = self._sorted()
        self.below = self._closures(self.parents)  # n and its ancestors, over down_revision
        self.all_below = self._closures(self.all_parents)  # over dependencies, too

    def _sorted(self):
        found, seen = [], set()
        for start in range(len(self.rows)):
            todo = [start]
            while todo:
                n = todo[-1]
                missing = [p for p in self.all_parents[n] if p not in seen]
                if missing:
                    todo += missing
                    continue
                todo.pop()
                if n not in seen:
                    seen.add(n)
                    found.append(n)
        return found

    def _closures(self, parents):
        below = [0] * len(self.rows)
        for n in self.oldest_first:
            below[n] = 1 << n
            for p in parents[n]:
                below[n] |= below[p]
        return below

    # --- text

    def __str__(self):
        return '; '.join(name + (':' + ','.join(down) if down else '') + ('<' + ','.join(deps) if deps else '') +
                         ('[' + ','.join(labels) + ']' if labels else '') for name, down, deps, labels in self.rows)

    @classmethod
    def parse(cls, text):
        rows = []
        for row in text.split(';'):
            name, *parts = re.fullmatch(r'([^:<\[]+)(?::([^<\[]*))?(?:<([^\[]*))?(?:\[(.*)\])?', row.strip()).groups()
            rows.append((name, *(part.split(',') if part else () for part in parts)))
        return cls(rows)

    def without(self, n):
        """The same history with one revision less."""
        gone = {self.ids[n], *self.labels[n]}
        return History([(name, [d for d in down if d not in gone], [d for d in deps if d not in gone], labels)
                        for name, down, deps, labels in self.rows if name not in gone])

    def translated(self, new_name):
        """The same history with labels spelled otherwise."""
        return History([(name, down, map(new_name, deps), map(new_name, labels))
                        for name, down, deps, labels in self.rows])

    # --- sets

    def names(self, members):
        return [self.ids[n] for n in bits(members)]

    def set_of(self, names):
        found = 0
        for name in names:
            found |= 1 << self.number[name]
        return found

    def everything(self):
        return (1 << len(self.rows)) - 1

    def closure(self, members):
        found = 0
        for n in bits(members):
            found |= self.all_below[n]
        return found

    def strictly_below(self, members):
        """All that lies below one of the members."""
        found = 0
        for n in bits(members):
            found |= self.all_below[n] ^ 1 << n
        return found

    def maximal(self, members):
        return members & ~self.strictly_below(members)

    def above(self, members):
        """The members and their descendants by down_revision."""
        return sum(1 << n for n in range(len(self.rows)) if self.below[n] & members)

    def lineage(self, n, with_dependencies=False):
        below = self.all_below if with_dependencies else self.below
        return below[n] | sum(1 << m for m in range(len(self.rows)) if below[m] >> n & 1)

    def heads(self):
        inner = 0
        for parents in self.parents:
            for p in parents:
                inner |= 1 << p
        return self.everything() & ~inner

    def real_heads(self):
        return self.maximal(self.everything())

    def starting_with(self, prefix, lineage=-1):
        """The names that a prefix may stand for: ids, then labels, in order."""
        names = self.ids + [label for labels in self.labels for label in labels]
        return [name for name in names
                if len(name) > 3 and name.startswith(prefix) and lineage >> self.number[name] & 1]

    def is_name(self, word):
        return word in self.number or bool(self.starting_with(word))


# --- random histories -------------------------------------------------------------------------------


def new_id(rng, taken):
    """Ids that share beginnings, some too short to be found by one."""
    while True:
        name = ''.join(rng.choice('ab1') for _ in range(rng.choice((1, 2, 3, 4, 4, 5, 5, 6))))
        if rng.random() < .1:
            name = f'{rng.randint(0, 20):03d}'
        if name not in taken and name not in RESERVED:
            return name


def random_history(rng, size, redundant_parents=False):
    """With redundant_parents a parent may be an ancestor of another one, which Alembic 1.8.1 can't take."""
    bases, width, merges, depends = rng.choice((
        (.05, .1, .1, .1), (.15, .3, .2, .25), (.3, .3, .1, .5), (.1, .7, .4, .1), (.15, .4, .3, .3)))
    labels = list(LABELS) + (list(ODD_LABELS) if rng.random() < .05 else [])
    rng.shuffle(labels)
    labelled = rng.choice((0, .1, .2, .4))
    rows, names, tips, below = [], set(labels), [], []
    for n in range(size):
        def pick():
            return rng.choice(tips) if tips and rng.random() >= width else rng.randrange(n)
        down, deps, own = [], [], []
        if n and rng.random() >= bases:
            down = [pick()]
            while rng.random() < merges:
                other = pick()
                apart = not any(below[p] >> other & 1 or below[other] >> p & 1 for p in down)
                if other not in down and (apart or redundant_parents):
                    down.append(other)
        under = 0
        for p in down:
            under |= below[p]
        if n and rng.random() < depends:
            for other in (rng.randrange(n) for _ in range(rng.choice((1, 1, 2, 3)))):
                # what is below a parent already is Alembic's bug B1: not often
                if other not in deps and (not under >> other & 1 or rng.random() < .1):
                    deps.append(other)
        while labels and rng.random() < labelled:
            own.append(labels.pop())
        name = new_id(rng, names)
        names.add(name)
        for d in deps:
            under |= below[d]
        below.append(under | 1 << n)
        rows.append((name, [rows[p][0] for p in down], [rng.choice((rows[d][0], *rows[d][3])) for d in deps], own))
        tips = [t for t in tips if t not in down] + [n]
    if rng.random() < .1:
        rng.shuffle(rows)
    return History(rows)


def random_rows(rng, history):
    """Version rows as a run leaves them."""
    count = rng.choice((0, 1, 1, 1, 1, 2, 2, 3))
    chosen = history.maximal(sum(1 << n for n in rng.sample(range(len(history.ids)), min(count, len(history.ids)))))
    return history.names(chosen)


def unsound_rows(rng, history):
    """Rows that only a hand can have written."""
    n = rng.randrange(len(history.ids))
    if rng.random() < .5:
        return [history.ids[n], 'qqqq']
    return list(dict.fromkeys([history.ids[n], rng.choice(history.names(history.all_below[n]))]))


class Words:
    """Random target words for one history; near are the revisions that a sensible person would name."""

    def __init__(self, rng, history, near, sign):
        self.rng, self.history, self.sign = rng, history, sign
        self.near = history.names(near) or history.ids
        self.labels = [label for group in history.labels for label in group]

    def id(self):
        return self.rng.choice(self.near if self.rng.random() < .7 else self.history.ids)

    def name(self, labels):
        name = self.rng.choice(self.labels) if self.labels and self.rng.random() < labels else self.id()
        chance = self.rng.random()
        if chance < .08:
            return name[:self.rng.randint(1, len(name))]
        if chance < .09:
            return self.rng.choice(('zzzz', 'typo', 'q'))
        return name

    def symbol(self):
        chance = self.rng.random()
        if chance < .12:
            return 'head'
        if chance < .22:
            return 'heads'
        if chance < .32:
            return 'base'
        if chance < .33:
            return 'current'
        return self.name(.15)

    def scope(self, often):
        if self.rng.random() >= often:
            return ''
        if self.rng.random() < .02:
            return self.rng.choice(('@', 'head@', 'base@', self.id() + '@' + self.id() + '@'))
        return self.name(.7) + '@'

    def step(self, sign='-'):
        if self.rng.random() < .15:
            sign = '-' if sign == '+' else '+'
        return sign + str(self.rng.choice((1,) * 9 + (2,) * 5 + (3, 3, 4, 9, 0)))

    def word(self):
        chance = self.rng.random()
        if chance < .4:
            return self.scope(.45) + self.symbol()
        if chance < .6:
            return self.scope(.45) + self.step(self.sign)
        symbol = self.symbol() if chance < .7 else self.name(.15)
        step = self.step('+' if symbol == 'base' else self.rng.choice('+---'))
        return self.scope(.45) + symbol + step + ('junk' if self.rng.random() < .01 else '')

    def list(self):
        words = [self.word() if self.rng.random() < .2 else self.id() for _ in range(self.rng.choice((2, 2, 2, 3)))]
        return self.rng.choice((', ', ',', ' ', ',,')).join(words)

    def range(self):
        start, end = self.side('-'), self.side('+')
        chance = self.rng.random()
        return start if chance < .01 else f'{start}:{end}:' if chance < .02 else f'{start}:{end}'

    def side(self, sign):
        chance = self.rng.random()
        if chance < .3:
            return ''
        if chance < .37:
            return 'current'
        if chance < .5:
            return self.scope(.4) + sign + self.step()[1:]
        if chance < .75:
            return self.id()
        return self.word()

    def target(self, operation):
        """None stands for NULL."""
        chance = self.rng.random()
        if chance < .01:
            return None
        if operation == 'history':
            return None if chance < .05 else self.range()
        if chance < {'upgrade': .15, 'downgrade': .02, 'stamp': .3, 'purge': .3}[operation]:
            return self.list()
        if operation in ('stamp', 'purge'):
            return self.scope(.3) + self.symbol() + (self.step() if self.rng.random() < .03 else '')
        return self.word()


def random_target(rng, history, operation, rows):
    applied = history.closure(history.set_of(row for row in rows if row in history.number))
    near = {'upgrade': history.everything() & ~applied, 'downgrade': applied}.get(operation, history.everything())
    return Words(rng, history, near, '-' if operation == 'downgrade' else '+').target(operation)
