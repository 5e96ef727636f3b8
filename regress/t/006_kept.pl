# What a backend keeps of the ledger is what its tables hold: while other sessions change them by hand and
# through Limbeck, where the log of changes is minimal, and on a standby.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use LimbeckTest;
use Test::More;

# 'same', or what Limbeck shows next to what the tables hold in the same snapshot.
my $same = q{
    CREATE FUNCTION same() RETURNS text LANGUAGE sql AS $$
        SELECT CASE WHEN limbeck IS NOT DISTINCT FROM tables THEN 'same' ELSE concat_ws(' instead of ', limbeck, tables) END
        FROM (SELECT string_agg(concat_ws('|', revision, down_revision, message), ' ' ORDER BY revision) FROM migrate_history()) h(limbeck),
            (SELECT string_agg(concat_ws('|', revision, (SELECT parent FROM migrate_edge e WHERE e.revision = r.revision), message), ' '
                ORDER BY revision) FROM migrate_revision r) t(tables)
    $$;
};

# A session that stays: one function asks it, another ends it.
sub asking {
    my ($server, $database) = @_;
    my ($in, $out, $err) = ('', '', '');
    my $session = IPC::Run::start([ 'psql', '-XAtq', '-d', $server->connstr($database), '-f', '-' ], '<', \$in, '>', \$out, '2>', \$err,
        IPC::Run::timeout(180));
    my $question = sub {
        $out = '';
        $in .= "SELECT same(), (SELECT message FROM migrate_history('001:001'));\n";
        $session->pump until $out =~ /\n/;
        return $out;
    };
    return ($question, sub { $in .= "\\q\n"; $session->finish });
}

my $node = new_node('primary');
$node->init;
$node->append_conf('postgresql.conf', "wal_level = minimal\nwal_skip_threshold = 0\nmax_wal_senders = 0");
$node->start;
new_database($node, 'minimal');
$node->safe_psql('minimal', $same);

# Rows that are changed on pages that get no LSN: the file and the transaction tell.
is($node->safe_psql('minimal', q{
    SELECT same();
    BEGIN;
    CLUSTER migrate_revision USING migrate_revision_pkey;
    SELECT same();
    UPDATE migrate_revision SET message = 'clustered' WHERE revision = '001';
    SELECT same();
    SELECT same();
    DELETE FROM migrate_revision WHERE revision = '003';
    DELETE FROM migrate_edge WHERE revision = '003';
    SELECT same();
    COMMIT;
    SELECT same();
}), join("\n", ('same') x 6), 'a table rewritten and changed without a log of it');
$node->safe_psql('minimal', q{CREATE TABLE copy AS SELECT * FROM migrate_revision});
my $fill = sub { $node->safe_psql('minimal', 'BEGIN; TRUNCATE migrate_revision; INSERT INTO migrate_revision SELECT * FROM copy; COMMIT') };
my ($ask, $leave) = asking($node, 'minimal');
$fill->();
is($ask->(), "same|clustered\n", 'a table filled anew') for 1 .. 2;
$node->safe_psql('minimal', q{UPDATE copy SET message = 'otherwise' WHERE revision = '001'});
$fill->();
is($ask->(), "same|otherwise\n", 'and once more, in another file with the same pages');
$leave->();

# Some sessions change the tables, commit or roll back; others compare all the time.
$node->append_conf('postgresql.conf', "wal_level = replica\nmax_wal_senders = 5");
$node->restart;
new_database($node, 'busy');
$node->safe_psql('busy', $same . q{
    SELECT migrate_revision('step ' || i, '', '', 'r' || to_char(i, 'FM000')) FROM generate_series(4, 60) i;
    CREATE PROCEDURE change(n int) LANGUAGE plpgsql AS $$
    BEGIN
        FOR i IN 1 .. n LOOP
            BEGIN
                UPDATE migrate_revision SET message = 'm' || random() WHERE revision = 'r' || to_char(4 + i % 57, 'FM000');
                IF random() < 0.3 THEN RAISE 'undone'; END IF;
            EXCEPTION WHEN raise_exception THEN NULL;
            END;
            CASE (random() * 5)::int
                WHEN 0 THEN ROLLBACK;
                WHEN 1 THEN PERFORM migrate_edit('003', NULL, NULL, 'edited ' || random()); COMMIT;
                WHEN 2 THEN
                    PERFORM migrate_revision('new', '', '', 'n' || pg_backend_pid());
                    PERFORM migrate_delete('n' || pg_backend_pid());
                    COMMIT;
                ELSE COMMIT;
            END CASE;
        END LOOP;
    END $$;
    CREATE PROCEDURE compare(n int) LANGUAGE plpgsql AS $$
    DECLARE
        result text;
    BEGIN
        FOR i IN 1 .. n LOOP
            SELECT same() INTO result;
            IF result <> 'same' THEN RAISE '%', result; END IF;
            IF random() < 0.5 THEN COMMIT; END IF;
        END LOOP;
        RAISE NOTICE 'compared';
    END $$;
});
my (@runs, @out, @err);
for my $i (0 .. 4) {
    $out[$i] = $err[$i] = '';
    push @runs, background($node, 'busy', $i < 2 ? 'CALL change(1500)' : 'CALL compare(3000)', \$out[$i], \$err[$i]);
}
$_->finish for @runs;
is($err[$_], '', "changing, session $_") for 0 .. 1;
is($err[$_], "NOTICE:  compared\n", "comparing, session $_") for 2 .. 4;
is($node->safe_psql('busy', q{SELECT count(*) FROM migrate_validate() WHERE problem LIKE '%edge%'}), '0', 'sound at the end');
$node->stop;

# A standby hears of a change by replaying it.
my $primary = new_node('second');
$primary->init(allows_streaming => 1);
$primary->start;
new_database($primary, 'app');
$primary->safe_psql('app', $same);
$primary->backup('backup');
my $standby = new_node('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;
my $catch_up = sub { $primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert')) };
$catch_up->();

($ask, $leave) = asking($standby, 'app');
is($ask->(), "same|users\n", 'on a standby');
is($ask->(), "same|users\n", 'on a standby, again');
my $writer = IPC::Run::start([ 'psql', '-XAtq', '-d', $primary->connstr('app'), '-f', '-' ], '<', \my $write, '>', \my $written,
    '2>', \my $write_err, IPC::Run::timeout(180));
$write = "BEGIN; UPDATE migrate_revision SET message = 'replayed' WHERE revision = '001'; SELECT 1;\n";
$writer->pump until $written =~ /1\n/;
$catch_up->();
is($ask->(), "same|users\n", 'not before the commit is replayed');
$write .= "COMMIT;\n\\q\n";
$writer->finish;
$catch_up->();
is($ask->(), "same|replayed\n", 'as soon as the commit is');
$primary->safe_psql('app', q{BEGIN; UPDATE migrate_revision SET message = 'never' WHERE revision = '001'; ROLLBACK; VACUUM migrate_revision});
$catch_up->();
is($ask->(), "same|replayed\n", 'a rollback and a VACUUM');
$leave->();
$standby->stop;
$primary->stop;
done_testing();
