<?php
// PHP: PDO with bound parameters, native and emulated; the pgsql functions; the procedure that commits.
$db = new PDO('pgsql:dbname=' . getenv('PGDATABASE'));
$db->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_EXCEPTION);

function check($what, $got, $wanted) {
    echo $got === $wanted ? 'ok ' : 'not ok ', $what, $got === $wanted ? '' : ' (' . var_export($got, true) . ')', "\n";
}

function one($db, $sql, ...$values) {
    $statement = $db->prepare($sql);
    $statement->execute($values);
    return $statement->fetchColumn();
}

$db->exec('SET client_min_messages = warning');
$db->exec('CREATE EXTENSION limbeck');
check('store a revision', one($db, 'SELECT migrate_revision(?, ?, ?, ?)', 'users', 'CREATE TABLE users (id integer)', 'DROP TABLE users', '001'), '001');
check('load a file', one($db, 'SELECT migrate_load(?, ?)', "-- migrate:up\nCREATE TABLE posts (id integer);\n-- migrate:down\nDROP TABLE posts;\n", '002_posts.sql'), '002');
check('upgrade', one($db, 'SELECT migrate_upgrade(?)', 'head'), 'upgraded base -> 002 (2 revisions)');
check('read', one($db, 'SELECT message FROM migrate_show(?)', '001'), 'users');
check('downgrade by one', one($db, 'SELECT migrate_downgrade(?)', '-1'), 'downgraded 002 -> 001 (1 revision)');
$db->beginTransaction();
one($db, 'SELECT migrate_upgrade(?)', null);
$db->rollBack();
check('undone by the caller', one($db, 'SELECT version_num FROM migrate_version'), '001');
try {
    one($db, 'SELECT migrate_upgrade(?)', 'zzzz');
    check('error', null, 'an exception');
} catch (PDOException $e) {
    check('error', [$e->getCode(), strpos($e->getMessage(), "can't locate revision identified by 'zzzz'") !== false], ['42704', true]);
}
check('upgrade to a revision', one($db, 'SELECT migrate_upgrade(?)', '002'), 'upgraded 001 -> 002 (1 revision)');
$db->setAttribute(PDO::ATTR_EMULATE_PREPARES, true);
check('parameters that PDO puts in', one($db, 'SELECT migrate_load(?, ?)', "-- migrate:message it's ? here\n-- migrate:up transaction:false\nVACUUM users;\nSELECT '\\', ':x';\n", "003_it's.sql"), '003');
check('... are what was given', one($db, 'SELECT message FROM migrate_show(?)', '003'), "it's ? here");
$db->setAttribute(PDO::ATTR_EMULATE_PREPARES, false);
$db->exec('CALL migrate_apply()');
check('CALL migrate_apply()', one($db, 'SELECT version_num FROM migrate_version'), '003');
$db->beginTransaction();
try {
    $db->exec('CALL migrate_apply()');
    check('... not in a transaction', null, 'an exception');
} catch (PDOException $e) {
    check('... not in a transaction', $e->getCode(), '25001');
}
$db->rollBack();
$db = pg_connect('dbname=' . getenv('PGDATABASE'));
pg_query($db, 'SET client_min_messages = warning');
check('pg_query_params()', pg_fetch_result(pg_query_params($db, 'SELECT migrate_upgrade($1)', ['head']), 0, 0), 'already at 003');
pg_send_query_params($db, 'SELECT migrate_downgrade($1)', ['nowhere']);
$result = pg_get_result($db);
check('... and an error whole', [pg_result_error_field($result, PGSQL_DIAG_SQLSTATE), pg_result_error_field($result, PGSQL_DIAG_MESSAGE_HINT)],
    ['42704', 'SELECT * FROM migrate_history() lists the stored revisions.']);
check('durable', pg_fetch_result(pg_query($db, 'SELECT version_num FROM migrate_version'), 0, 0), '003');
