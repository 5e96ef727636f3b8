-- migrate:up transaction:false
PRAGMA journal_mode = wal;

-- migrate:down
