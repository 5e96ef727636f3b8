-- migrate:up
CREATE TABLE oauth_accounts (
    id text PRIMARY KEY,
    user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider text NOT NULL,
    provider_user_id text NOT NULL,
    UNIQUE (provider, provider_user_id)
);
CREATE INDEX oauth_accounts_by_user ON oauth_accounts (user_id);
-- migrate:down
DROP TABLE oauth_accounts;
