# What CONCURRENTLY leaves when it fails or is cancelled is found, named, and dropped before the next try: on
# a materialized view, under names that want quotes, without a name, of partitions, of a whole schema, of what a
# table keeps its long values in; nothing else is. And what migrate_watch() tells of the work done so far.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use LimbeckTest;
use Test::More;

my $node = new_node('main');
$node->init;
$node->append_conf('postgresql.conf', "max_prepared_transactions = 10\nautovacuum = off\n");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE app');
$node->safe_psql('app', q{
    CREATE EXTENSION limbeck;
    CREATE SCHEMA "Odd one";
    CREATE TABLE "Odd one"."a table" (id int, idx_col int);
    INSERT INTO "Odd one"."a table" VALUES (1, 1), (1, 1);
    CREATE MATERIALIZED VIEW view AS SELECT * FROM "Odd one"."a table";
    CREATE SCHEMA reindexed;
    CREATE TABLE reindexed.long (id int PRIMARY KEY, text text);
    CREATE TABLE reindexed.parted (id int PRIMARY KEY) PARTITION BY RANGE (id);
    CREATE TABLE reindexed.part PARTITION OF reindexed.parted FOR VALUES FROM (0) TO (10);
    CREATE TABLE elsewhere (id int);
    INSERT INTO elsewhere VALUES (1), (1)});
# somebody's own, of another table
$node->psql('app', 'CREATE UNIQUE INDEX CONCURRENTLY elsewhere_id_idx ON elsewhere (id)');

my $invalid = q{SELECT coalesce(string_agg(indexrelid::regclass::text, ', ' ORDER BY regexp_replace(indexrelid::regclass::text, '\d+', '')), 'none') FROM pg_index WHERE NOT indisvalid AND indrelid <> 'elsewhere'::regclass};

my $give_up = q{SELECT migrate_resolve(split_part(stopped, '"', 2), 'not applied'), migrate_delete(split_part(stopped, '"', 2)) FROM migrate_status() WHERE stopped IS NOT NULL};

sub store { my ($body) = @_; $node->safe_psql('app', "SET client_min_messages = warning;\nSELECT migrate_revision('next', \$body\$$body\$body\$, NULL)") }
sub apply { my ($status, $out, $err) = $node->psql('app', 'CALL migrate_apply()'); return $err }
sub dropped { my ($err) = @_; return join ', ', $err =~ /NOTICE:  dropping invalid index (.*), which an earlier try left behind/g }

# A unique index fails, its cause is mended, and the next CALL goes on.
for my $case (
    [ 'CREATE UNIQUE INDEX CONCURRENTLY "An index" ON "Odd one"."a table" (id)', '"Odd one"."An index"' ],
    [ 'CREATE UNIQUE INDEX CONCURRENTLY ON "Odd one"."a table" (idx_col)', '"Odd one"."a table_idx_col_idx"' ],
    [ 'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS again ON "Odd one"."a table" (id)', '"Odd one".again' ],
    [ 'CREATE UNIQUE INDEX CONCURRENTLY on_view ON view (id)', 'on_view', 'public.on_view', 'not mended: REFRESH would make the index valid' ],
    )
{
    my ($statement, $index, $told, $unmended) = @$case;
    store($statement);
    like(apply(), qr/could not create unique index/, "$statement: fails");
    is($node->safe_psql('app', $invalid), $index, 'and leaves an invalid index');
    my $err = apply();
    is(dropped($err), $told || $index, 'the next CALL names and drops it');
    like($err, qr/could not create unique index/, 'fails again');
    is($node->safe_psql('app', $invalid), $index, 'and leaves one');
    if ($unmended) {
        $node->safe_psql('app', "DROP INDEX $index;\n$give_up");
        next;
    }
    $node->safe_psql('app', 'DELETE FROM "Odd one"."a table" WHERE ctid = (SELECT max(ctid) FROM "Odd one"."a table")');
    $err = apply();
    is(dropped($err), $told || $index, 'mended, it is dropped');
    is($node->safe_psql('app', "$invalid;\nSELECT indisvalid FROM pg_index WHERE indexrelid = '$index'::regclass"), "none\nt", 'and made');
    $node->safe_psql('app', "DROP INDEX $index; INSERT INTO \"Odd one\".\"a table\" VALUES (1, 1)");
}

# IF NOT EXISTS does not take an invalid index for one.
$node->psql('app', 'CREATE UNIQUE INDEX CONCURRENTLY by_hand ON "Odd one"."a table" (id)');
store('CREATE INDEX CONCURRENTLY IF NOT EXISTS by_hand ON "Odd one"."a table" (id)');
like(apply(), qr/ERROR:  index "by_hand" exists, but is invalid\n.*HINT:  The next CALL migrate_apply drops it and runs the statement again\.\n.*CONTEXT:  revision/s, 'IF NOT EXISTS over an invalid index is an error');
is(dropped(apply()), '"Odd one".by_hand', 'the next CALL drops it');
is($node->safe_psql('app', $invalid), 'none', 'and makes it');

# REINDEX, cancelled while it waits for a writer of the table, or for a reader at its end.
for my $case (
    [ 'REINDEX INDEX CONCURRENTLY reindexed.long_pkey', 'long IN ROW EXCLUSIVE', 'reindexed.long_pkey_ccnew' ],
    [ 'REINDEX TABLE CONCURRENTLY reindexed.long', 'long IN ROW EXCLUSIVE', 'reindexed.long_pkey_ccnew, pg_toast.pg_toast_N_index_ccnew' ],
    [ 'REINDEX SCHEMA CONCURRENTLY reindexed', 'part IN ACCESS SHARE', 'reindexed.part_pkey_ccold' ],
    [ 'REINDEX DATABASE CONCURRENTLY app', 'part IN ROW EXCLUSIVE', 'reindexed.part_pkey_ccnew' ],
    ($node->safe_psql('app', 'SHOW server_version_num') < 140000 ? () : [ 'REINDEX TABLE CONCURRENTLY reindexed.parted', 'part IN ACCESS SHARE', 'reindexed.part_pkey_ccold' ]),
    )
{
    my ($statement, $table, $indexes) = @$case;
    store($statement);
    $node->safe_psql('app', "BEGIN; LOCK TABLE reindexed.$table MODE; PREPARE TRANSACTION 'writer'");
    my ($out, $err) = ('', '');
    my $run = background($node, 'app', "SELECT pg_backend_pid();\nCALL migrate_apply()", \$out, \$err);
    wait_for_row($node, 'app', q{SELECT 1 FROM migrate_watch() WHERE waiting_for = 'a prepared transaction'});
    $node->safe_psql('app', 'SELECT pg_cancel_backend(pid) FROM migrate_watch()');
    $run->finish;
    (my $left = $node->safe_psql('app', $invalid)) =~ s/pg_toast_\d+/pg_toast_N/;
    is($left, $indexes =~ s/^(.*), (pg_toast.*)$/$2, $1/r, "$statement: cancelled, leaves invalid indexes");
    $node->safe_psql('app', "ROLLBACK PREPARED 'writer'");
    $err = apply();
    (my $told = dropped($err)) =~ s/pg_toast_\d+/pg_toast_N/;
    is(join(', ', sort split /, /, $told), join(', ', sort split /, /, $indexes), 'the next CALL names and drops them');
    is($node->safe_psql('app', $invalid), 'none', 'and arrives');
}
is($node->safe_psql('app', q{SELECT indisvalid FROM pg_index WHERE indexrelid = 'elsewhere_id_idx'::regclass}), 'f', 'what somebody else left on another table is not touched');
is($node->safe_psql('app', q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'}), '0', 'no lock is left');

# The share done. An index on a function that stops at row 1000 of 2000 stands there until a lock is let go.
$node->safe_psql('app', q{
    CREATE TABLE many AS SELECT i AS id, repeat('x', 400) AS text FROM generate_series(1, 2000) i;
    CREATE FUNCTION stopping(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
    BEGIN
        IF i = 1000 THEN PERFORM pg_advisory_xact_lock_shared(42); END IF;
        RETURN i;
    END $$});
sub watch {
    my ($body, $then) = @_;
    store($body);
    my ($out, $err) = ('', '');
    my ($hold_out, $hold_err) = ('', '');
    my $holder = background($node, 'app', "SELECT pg_advisory_lock(42), pg_backend_pid();\nSELECT pg_sleep(1000)", \$hold_out, \$hold_err);
    wait_for_row($node, 'app', q{SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'});
    $holder->pump until $hold_out =~ /\|(\d+)/;
    my $run = background($node, 'app', 'CALL migrate_apply()', \$out, \$err);
    $then->($hold_out =~ /\|(\d+)/);
    $node->safe_psql('app', q{SELECT pg_cancel_backend(pid) FROM migrate_watch(); SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'});
    $_->finish for $run, $holder;
    $node->safe_psql('app', "$give_up;\nSET client_min_messages = warning;\nDROP INDEX IF EXISTS many_id");
}
my $columns = q{SELECT revision || '/' || revisions || ' ' || statement || '/' || statements || ' ' || regexp_replace(doing, '^.*: ', '') || ' ' || (done > 0 AND done <= 100) FROM migrate_watch()};
for my $case (
    [ 'SELECT 1; CREATE INDEX CONCURRENTLY many_id ON many (stopping(id))', 'CREATE INDEX CONCURRENTLY many_id ON many (stopping(id))' ],
    [ 'SELECT 1; CREATE INDEX many_id ON many (stopping(id))', 'CREATE INDEX many_id ON many (stopping(id))' ],
    )
{
    my ($body, $doing) = @$case;
    watch($body, sub {
        my ($holder) = @_;
        wait_for_row($node, 'app', q{SELECT 1 FROM migrate_watch() WHERE waiting_for IS NOT NULL AND done > 0});
        is($node->safe_psql('app', $columns), "1/1 2/2 $doing true", "$doing: the share done");
        is($node->safe_psql('app', 'SELECT waiting_for, actor = current_user, since BETWEEN now() - interval \'1 hour\' AND now() FROM migrate_watch()'), "process $holder: SELECT pg_sleep(1000)|t|t", 'and for whom it waits');
        is($node->safe_psql('app', q{SELECT w.done = round(100.0 * p.blocks_done / p.blocks_total, 1) FROM migrate_watch() w, pg_stat_progress_create_index p}), 't', 'as the server\'s view gives it');
    });
}
$node->safe_psql('app', 'ANALYZE many');
$node->psql('app', 'CREATE INDEX many_by ON many (stopping(id)); ALTER TABLE many CLUSTER ON many_by');
watch('SELECT 1; SET enable_indexscan = off; CLUSTER many', sub {
    wait_for_row($node, 'app', q{SELECT 1 FROM migrate_watch() WHERE waiting_for IS NOT NULL AND done > 0});
    is($node->safe_psql('app', $columns), '1/1 3/3 CLUSTER many true', 'CLUSTER: the share done');
});
$node->safe_psql('app', 'DELETE FROM many');
watch(q{SET vacuum_cost_delay = '100ms'; SET vacuum_cost_limit = 1; VACUUM many}, sub {
    wait_for_row($node, 'app', q{SELECT 1 FROM migrate_watch() WHERE done > 0 AND done < 100});
    is($node->safe_psql('app', $columns), '1/1 3/3 VACUUM many true', 'VACUUM: the share done');
});
is($node->safe_psql('app', 'SELECT count(*) FROM migrate_watch()'), '0', 'nobody runs any more');
$node->stop;
done_testing();
