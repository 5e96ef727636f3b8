<?php
// PHP's SQLite3 class; the library's folder is the ini setting sqlite3.extension_dir.
[, $library, $path] = $argv;

function check($what, $got, $wanted) {
    echo $got === $wanted ? 'ok ' : 'not ok ', $what, $got === $wanted ? '' : ' (' . var_export($got, true) . ')', "\n";
}

function one($db, $sql, ...$values) {
    $statement = $db->prepare($sql);
    foreach ($values as $i => $value) {
        $statement->bindValue($i + 1, $value);
    }
    return $statement->execute()->fetchArray(SQLITE3_NUM)[0];
}

// PHP runs a statement in execute() and once more for the first fetchArray(): what acts is not fetched.
function act($db, $sql, ...$values) {
    $statement = $db->prepare($sql);
    foreach ($values as $i => $value) {
        $statement->bindValue($i + 1, $value);
    }
    $statement->execute()->finalize();
    return $db->querySingle('SELECT version_num FROM migrate_version');
}

$db = new SQLite3($path);
$db->enableExceptions(true);
$db->loadExtension(basename($library));
check('store a revision', one($db, 'SELECT migrate_revision(?, ?, ?, ?)', 'users',
    'CREATE TABLE users (id integer)', 'DROP TABLE users', '001'), '001');
check('load a file', one($db, 'SELECT migrate_load(?, ?)',
    "-- migrate:up\nCREATE TABLE posts (id integer);\n-- migrate:down\nDROP TABLE posts;\n", '002_posts.sql'), '002');
check('upgrade', act($db, 'SELECT migrate_upgrade(?)', 'head'), '002');
check('read', one($db, 'SELECT message FROM migrate_show(?)', '001'), 'users');
check('downgrade by one', act($db, 'SELECT migrate_downgrade(?)', '-1'), '001');
$db->exec('BEGIN');
act($db, 'SELECT migrate_upgrade(?)', 'head');
$db->exec('ROLLBACK');
check('undone by the caller', one($db, 'SELECT version_num FROM migrate_version'), '001');
try {
    one($db, 'SELECT migrate_upgrade(?)', 'zzzz');
    check('error', null, 'an error');
} catch (Exception $e) {
    check('error', strpos($e->getMessage(), "can't locate revision identified by 'zzzz'") !== false, true);
}
check('upgrade to a revision', act($db, 'SELECT migrate_upgrade(?)', '002'), '002');
$db->close();
$db = new SQLite3($path);
check('durable', one($db, 'SELECT version_num FROM migrate_version'), '002');

// What happens to who does not know that: the line is the second run's, and no body runs twice.
function runs($db) {
    return $db->querySingle('SELECT group_concat(what, \' \') FROM (SELECT what FROM trace ORDER BY rowid)');
}

function fetched($db, $sql) {
    return $db->query($sql)->fetchArray(SQLITE3_NUM)[0];
}

unlink($path);
$db = new SQLite3($path);
$db->enableExceptions(true);
$db->loadExtension(basename($library));
$db->exec('CREATE TABLE trace (what text)');
foreach (['a', 'b', 'c'] as $what) {
    $db->exec("SELECT migrate_revision('$what', 'INSERT INTO trace VALUES (''up $what'')', 'INSERT INTO trace VALUES (''down $what'')', '$what')");
}
check('exec() runs once', $db->querySingle('SELECT count(*) FROM migrate_log'), 3);
$result = $db->query("SELECT migrate_upgrade('a')");
check('query() without a fetch runs once', [runs($db), $result->finalize()], ['up a', true]);
check('a fetched upgrade has found itself done', fetched($db, "SELECT migrate_upgrade('b')"), 'already at b');
check('... and its body ran once', runs($db), 'up a up b');
check('querySingle() runs once and gives the line', $db->querySingle("SELECT migrate_upgrade('head')"), 'upgraded b -> c (1 revision)');
check('... all of it', $db->querySingle("SELECT migrate_downgrade('-1')", true), ["migrate_downgrade('-1')" => 'downgraded c -> b (1 revision)']);
check('a fetched step down is two', [fetched($db, "SELECT migrate_downgrade('-1')"), runs($db)],
    ['downgraded a -> base (1 revision)', 'up a up b up c down c down b down a']);
check('a fetched target stands', [fetched($db, "SELECT migrate_upgrade('b')"), fetched($db, "SELECT migrate_downgrade('a')"),
    $db->querySingle('SELECT version_num FROM migrate_version')], ['already at b', 'already at a', 'a']);
check('a revision that is fetched is stored once', [fetched($db, "SELECT migrate_revision('d', 'INSERT INTO trace VALUES (''up d'')', '', 'd')"),
    $db->querySingle("SELECT count(*) FROM migrate_history() WHERE message = 'd'")], ['d', 1]);
check('a file too', [fetched($db, "SELECT migrate_load('-- migrate:up transaction:false\nINSERT INTO trace VALUES (1);\nINSERT INTO trace VALUES (2);\n', 'e.sql')"),
    $db->querySingle("SELECT count(*) FROM migrate_log WHERE revision = 'e'")], ['e', 1]);
$db->exec('DELETE FROM trace');
check('a body that is marked runs once', [fetched($db, 'SELECT migrate_upgrade()'), runs($db)], ['already at e', 'up b up c up d 1 2']);
$db->exec("SELECT migrate_revision('f', 'INSERT INTO trace VALUES (''f''); SELECT no_such_column FROM trace', '', 'f')");
try {
    fetched($db, 'SELECT migrate_upgrade()');
    check('a failure is told at once', null, 'an exception');
} catch (Exception $e) {
    check('a failure is told at once', [strpos($e->getMessage(), 'no such column: no_such_column') !== false, runs($db)], [true, 'up b up c up d 1 2']);
}
$db->exec('SELECT migrate_delete(\'f\')');
$rows = 0;
for ($result = $db->query('SELECT * FROM migrate_history()'); $result->fetchArray();) {
    $rows++;
}
check('readers are read as ever', $rows, 5);
check('nothing is wrong afterwards', $db->querySingle('SELECT count(*) FROM migrate_validate()'), 0);
$db->close();

// PDO knows of no extension before PHP 8.4; there, a statement runs once.
if (class_exists('Pdo\Sqlite') && method_exists('Pdo\Sqlite', 'loadExtension')) {
    $db = new Pdo\Sqlite("sqlite:$path");
    $db->loadExtension($library);
    check('PDO runs once', $db->query("SELECT migrate_downgrade('-1')")->fetchColumn(), 'downgraded e -> d (1 revision)');
} else {
    $db = new PDO("sqlite:$path");
    try {
        $db->query('SELECT migrate_upgrade()');
        check('PDO without the extension says so', null, 'an exception');
    } catch (PDOException $e) {
        check('PDO without the extension says so', strpos($e->getMessage(), 'no such function: migrate_upgrade') !== false, true);
    }
    check('... and reads the ledger as tables', $db->query('SELECT version_num FROM migrate_version')->fetchColumn(), 'e');
}
