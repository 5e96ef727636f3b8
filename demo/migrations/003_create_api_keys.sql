-- migrate:up
-- The key itself is never stored.
CREATE TABLE api_keys (
    id text PRIMARY KEY,
    user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    key_hash text NOT NULL UNIQUE,
    label text NOT NULL DEFAULT '',
    last_used_at timestamp
);
CREATE INDEX api_keys_by_user ON api_keys (user_id);
-- migrate:down
DROP TABLE api_keys;
