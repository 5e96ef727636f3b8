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
